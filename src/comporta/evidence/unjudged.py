"""Which values of a protected attribute are too rare to be judged, told as figures and in notes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from comporta.records import Figure

SMALL, RARE, UNTOLD = "values too small", "values beyond the most common", "values not told apart"
NAMED = 10


def unjudged(
    rows_of: Mapping[str, int], tried: Sequence[str], told: Collection[str], fewest: int, most: int
) -> tuple[tuple[Figure, ...], tuple[str, ...]]:
    """The figures by which a check counts them, and a note that names them.

    rows_of: the rows of each value. tried: the values that were tried, or that their opposite stands for.
    told: those of them that have a figure. fewest: rows below which none is tried. most: how many are.
    """
    small = [each for each, count in rows_of.items() if each not in tried and count < fewest]
    rare = [each for each in rows_of if each not in tried and each not in small]
    untold = [each for each in tried if each not in told]
    figures, notes = [], []
    for kind, values, why in (
        (SMALL, small, f"under {fewest} rows"),
        (RARE, rare, f"beyond the {most} most common"),
        (UNTOLD, untold, "too few rows of it, or groups, to be told apart"),
    ):
        if values:
            rows = sum(rows_of[each] for each in values)
            figures.append(Figure(metric=kind, value=float(len(values)), rows=rows))
            more = f" and {len(values) - NAMED} more" if len(values) > NAMED else ""
            notes.append(f"Not judged, {why}: {', '.join(sorted(values)[:NAMED])}{more}.")
    return tuple(figures), tuple(notes)
