"""Values of an attribute that were too rare to be judged: no figures to hold to a limit, but told."""

from __future__ import annotations

from collections.abc import Sequence

from comporta.records import Evidence, Figure

_KINDS = {
    "values too small": "under 30 rows",
    "values beyond the most common": "too rare to be tried",
    "values not told apart": "in too few rows or groups to be told apart",
}


def held(found: Evidence) -> Sequence[Figure]:
    """The figures that a limit is for."""
    return [each for each in found.figures if each.metric not in _KINDS]


def told(found: Evidence) -> str:
    """` (not judged: 3 values under 30 rows)`, or nothing."""
    said = [
        f"{each.value:,.0f} value{'' if each.value == 1 else 's'} {_KINDS[each.metric]}"
        for each in found.figures
        if each.metric in _KINDS
    ]
    return f" (not judged: {', '.join(said)})" if said else ""
