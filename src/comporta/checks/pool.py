"""What checks can need, and how each is measured: the table of the evidence pool, gathered from the checks.

Each thing is measured once per candidate and only if a check needs it. Beside these the pool holds what
every candidate has: `train`, `test`, `model`, `signature`, `predictions` (of the test rows), `scores`,
`parity`, `trial`, `onnx`; of the champion, where there is one, `champion model`, `champion signature`,
`champion train`, `champion predictions`; `earlier`: the `reference` of each earlier version; and `logged`:
the requests of production whose labels have come, as `comporta.data.steps_logged` makes them. `bundle` and
`code` are there where a version makes its features by other code than the project's of today.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import comporta.checks
from comporta.checks.shared.measurements import SHARED
from comporta.records import Drawings, MeasurementSpec, Section


def _of_checks() -> Iterator[tuple[str, MeasurementSpec]]:
    """The folder of each listed check that measures something, and its row of the table."""
    listed = (getattr(comporta.checks, name) for name in comporta.checks.__all__)
    modules = dict.fromkeys(each.__module__ for each in listed if isinstance(each, type))
    for module in modules:
        spec = getattr(sys.modules[module], "MEASUREMENT", None)
        if spec is not None:
            yield module.rpartition(".")[0], spec


_OWN = dict(_of_checks())

POOL: dict[str, MeasurementSpec] = {spec.need: spec for spec in (*SHARED, *_OWN.values())}
"""What a check calls the thing it needs → how it is measured."""

STEPS: dict[str, str] = {
    **{spec.run: function for spec, function in SHARED.items()},
    **{spec.run: f"{folder}.measure:measure" for folder, spec in _OWN.items()},
}
"""The declared id of a step that measures → its function."""

_ELSEWHERE: dict[str, Section] = {"scores": "quality", "difference": "champion"}
"""What scoring makes, now and in older releases: no check measures it."""


def section_of(what: str) -> Section:
    """Where a report tells what a check needs under this name."""
    return POOL[what].section if what in POOL else _ELSEWHERE.get(what, "own")


def drawings_of(what: str) -> Drawings:
    """How a report draws it."""
    return POOL[what].drawings if what in POOL else Drawings()
