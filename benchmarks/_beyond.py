"""How much of a run's time is not models' own: of each moment, the share of the running steps in no model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Span(NamedTuple):
    """From one moment to another, seconds since the epoch. what: what it is of. cpu: its processor time."""

    what: str
    start: float
    end: float
    cpu: float = 0.0


def beyond(whole: Span, steps: Sequence[Span], calls: Iterable[Span]) -> float:
    """Seconds of the whole: all of a moment in which no step runs, else the share of the steps that are not
    within a model's call then. calls: in any process, never more at once than steps that make them."""
    turns = [(each.start, 1, 0) for each in steps] + [(each.end, -1, 0) for each in steps]
    for each in calls:
        turns += [(each.start, 0, 1), (each.end, 0, -1)]
    turns += [(whole.start, 0, 0), (whole.end, 0, 0)]
    found, running, inside, last = 0.0, 0, 0, whole.start
    for at, step, call in sorted(turns):
        now = min(max(at, whole.start), whole.end)
        share = (running - min(inside, running)) / running if running else 1.0
        found += (now - last) * share
        running, inside, last = running + step, inside + call, now
    return found
