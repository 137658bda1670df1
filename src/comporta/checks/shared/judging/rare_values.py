"""Values of an attribute that were too rare to be judged: no figures to hold to a limit, but counted."""

from __future__ import annotations

from comporta.checks.shared.figures import (
    VALUES_BEYOND_MOST_COMMON,
    VALUES_NOT_TOLD_APART,
    VALUES_TOO_SMALL,
)
from comporta.records import NO_TEXT, Evidence, Figure, Text, code

TOO_SMALL = code("unjudged.too_small", "values under 30 rows or ten subjects ({count:,})", count=int)
TOO_RARE = code("unjudged.too_rare", "values too rare to be tried ({count:,})", count=int)
NOT_TOLD_APART = code(
    "unjudged.not_told_apart", "values in too few rows or groups to be told apart ({count:,})", count=int
)
NOT_JUDGED = code("unjudged.not_judged", "not judged: {values}", values=tuple)

_COUNTS = {
    VALUES_TOO_SMALL.metric: TOO_SMALL,
    VALUES_BEYOND_MOST_COMMON.metric: TOO_RARE,
    VALUES_NOT_TOLD_APART.metric: NOT_TOLD_APART,
}


def figures_to_judge(evidence: Evidence) -> tuple[Figure, ...]:
    """The figures that a limit is for."""
    return tuple(each for each in evidence.figures if each.metric not in _COUNTS)


def values_not_judged(evidence: Evidence) -> Text:
    """`not judged: values under 30 rows or ten subjects (3)`, or nothing."""
    counts = tuple(
        _COUNTS[each.metric](count=int(each.value)) for each in evidence.figures if each.metric in _COUNTS
    )
    return NOT_JUDGED(values=counts) if counts else NO_TEXT
