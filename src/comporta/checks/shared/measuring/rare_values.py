"""Which values of a protected attribute are too rare to be judged, told as figures and in notes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from comporta.checks.shared import figures as names
from comporta.checks.shared.measuring.codes import (
    LISTED,
    LISTED_AND_MORE,
    VALUES_NOT_TOLD_APART,
    VALUES_OF_FEW_SUBJECTS,
    VALUES_TOO_RARE,
    VALUES_TOO_SMALL,
)
from comporta.records import FEWEST_SUBJECTS, Figure, Message, Words

NAMED = 10


def figures_of_rare(
    rows_of: Mapping[str, int],
    tried: Sequence[str],
    told: Collection[str],
    fewest: int,
    most: int,
    few: Collection[str] = (),
) -> tuple[tuple[Figure, ...], tuple[Message, ...]]:
    """The figures by which a check counts them, and a note that names them.

    rows_of: the rows of each value. tried: the values that were tried, or that their opposite stands for.
    told: those of them that have a figure. fewest: rows below which none is tried. most: how many are. few:
    the values whose rows are about too few subjects.
    """
    small = [each for each, count in rows_of.items() if each not in tried and count < fewest]
    few = [each for each in rows_of if each not in tried and each not in small and each in few]
    rare = [each for each in rows_of if each not in tried and each not in {*small, *few}]
    untold = [each for each in tried if each not in told]
    kinds = (
        (names.VALUES_TOO_SMALL, [*small, *few]),
        (names.VALUES_BEYOND_MOST_COMMON, rare),
        (names.VALUES_NOT_TOLD_APART, untold),
    )
    figures = tuple(
        Figure(metric=kind.metric, value=float(len(values)), rows=sum(rows_of[each] for each in values))
        for kind, values in kinds
        if values
    )
    notes = (
        VALUES_TOO_SMALL(least=fewest, values=_name_values(small)) if small else None,
        VALUES_OF_FEW_SUBJECTS(least=FEWEST_SUBJECTS, values=_name_values(few)) if few else None,
        VALUES_TOO_RARE(most=most, values=_name_values(rare)) if rare else None,
        VALUES_NOT_TOLD_APART(values=_name_values(untold)) if untold else None,
    )
    return figures, tuple(each for each in notes if each is not None)


def _name_values(values: Sequence[str]) -> Message:
    first = tuple(Words(each) for each in sorted(values)[:NAMED])
    more = len(values) - NAMED
    return LISTED_AND_MORE(values=first, more=more) if more > 0 else LISTED(values=first)
