"""What checks against the champion read of one evidence: the difference that counts, and how to tell it."""

from __future__ import annotations

import math

from comporta.gates.settle import show
from comporta.records import Evidence, Figure, Need, need
from comporta.stats.power import rows_to_show

BESIDE = ", bootstrap"
"""How the name of a figure ends that stands beside the exact one of the same rows, and is not judged."""


def difference(metric: str, by: str) -> tuple[Need, ...]:
    """Candidate minus champion, paired, on rows that neither was trained on."""
    return (need("versus", metric=metric, by=by),)


def judged(evidence: Evidence) -> tuple[Figure, ...]:
    """The figures that count: by the exact test where there is one, else by the bootstrap."""
    return tuple(each for each in evidence.figures if not each.metric.endswith(BESIDE))


def told(figure: Figure, evidence: Evidence) -> str:
    """`roc_auc candidate minus champion 0.01 [0.004, 0.016] on 800 rows (bootstrap [0.004, 0.017])`."""
    seen = f"{figure.metric.removesuffix(' minus champion')} candidate minus champion {show(figure)}"
    if 0 < figure.groups < figure.rows:
        seen += f" in {figure.groups:,} groups or days"
    other = next(
        (
            each
            for each in evidence.figures
            if each.metric.endswith(BESIDE) and each.slice == figure.slice and each.low is not None
        ),
        None,
    )
    return f"{seen} (bootstrap [{other.low:.4g}, {other.high:.4g}])" if other is not None else seen


def rows_for(figure: Figure, room: float) -> int | None:
    """Rows like these at which a true difference, by `room` away from the limit, is shown to be on its side
    of it four times in five; None where nothing can be told."""
    if figure.low is None or figure.high is None or not math.isfinite(figure.high - figure.low + room):
        return None
    return rows_to_show(figure.low, figure.high, figure.rows, room)
