"""What checks against the champion read of one evidence: the difference that counts, and how to tell it."""

from __future__ import annotations

import math

from msgspec.structs import replace

from comporta.checks.shared.judging.wording import show
from comporta.records import NO_TEXT, NUMBER, Evidence, Figure, Message, Need, Text, code, conditions, need
from comporta.stats.codes import CLUSTERS
from comporta.stats.power import rows_to_show

BESIDE = conditions(method="bootstrap")
"""Under what a figure is made that stands beside the exact one of the same rows, and is not judged."""

DIFFERENCE = code(
    "champion.difference", "{metric} candidate minus champion {figure}{units}{bootstrap}",
    metric=str, figure=Message, units=Text, bootstrap=Text,
)  # fmt: skip
IN_UNITS = code("champion.in_units", " in {units:,} groups or days", units=int)
BOOTSTRAP = code("champion.bootstrap", " (bootstrap [{low:.4g}, {high:.4g}])", low=NUMBER, high=NUMBER)


def difference(metric: str, by: str) -> tuple[Need, ...]:
    """Candidate minus champion, paired, on rows that neither was trained on."""
    return (need("versus", metric=metric, by=by),)


def figures_to_judge(evidence: Evidence) -> tuple[Figure, ...]:
    """The figures that count: by the exact test where there is one, else by the bootstrap."""
    return tuple(each for each in evidence.figures if each.under != BESIDE)


def difference_text(figure: Figure, evidence: Evidence) -> Message:
    """`roc_auc candidate minus champion 0.01 [0.004, 0.016] on 800 rows (bootstrap [0.004, 0.017])`."""
    other = next(
        (
            each
            for each in evidence.figures
            if each.under == BESIDE and each.where == figure.where and each.low is not None
        ),
        None,
    )
    bootstrap: Text = NO_TEXT
    if other is not None and other.low is not None and other.high is not None:
        bootstrap = BOOTSTRAP(low=other.low, high=other.high)
    # A note tells of its clusters what the number alone does not.
    noted = any(isinstance(each, Message) and each.code in CLUSTERS for each in figure.notes)
    return DIFFERENCE(
        metric=figure.metric,
        # The sentence says already what it is compared with.
        figure=show(replace(figure, compared_with="", under=())),
        units=IN_UNITS(units=figure.groups) if 0 < figure.groups < figure.rows and not noted else "",
        bootstrap=bootstrap,
    )


def rows_for(figure: Figure, room: float) -> int | None:
    """Rows like these at which a true difference, by `room` away from the limit, is shown to be on its side
    of it four times in five; None where nothing can be told."""
    if figure.low is None or figure.high is None or not math.isfinite(figure.high - figure.low + room):
        return None
    return rows_to_show(figure.low, figure.high, figure.rows, room)
