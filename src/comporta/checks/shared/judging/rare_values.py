"""Values of an attribute that were too rare to be judged: no figures to hold to a limit, but told."""

from __future__ import annotations

from collections.abc import Sequence

from comporta.records import Evidence, Figure, Text, code

TOO_SMALL = code("unjudged.too_small", "values under 30 rows or ten subjects ({count:,})", count=int)
TOO_RARE = code("unjudged.too_rare", "values too rare to be tried ({count:,})", count=int)
NOT_TOLD_APART = code(
    "unjudged.not_told_apart", "values in too few rows or groups to be told apart ({count:,})", count=int
)
NOT_JUDGED = code("unjudged.not_judged", "not judged: {values}", values=tuple)

_KINDS = {
    "values too small": TOO_SMALL,
    "values beyond the most common": TOO_RARE,
    "values not told apart": NOT_TOLD_APART,
}


def held(found: Evidence) -> Sequence[Figure]:
    """The figures that a limit is for."""
    return [each for each in found.figures if each.metric not in _KINDS]


def told(found: Evidence) -> Text:
    """`not judged: values under 30 rows or ten subjects (3)`, or nothing."""
    said = tuple(
        _KINDS[each.metric](count=int(each.value)) for each in found.figures if each.metric in _KINDS
    )
    return NOT_JUDGED(values=said) if said else ""
