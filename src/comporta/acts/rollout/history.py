"""A plan from its beginning: what was known when, and what happened, as its facts tell."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import takewhile
from typing import NamedTuple

from comporta.opened.project import OpenProject
from comporta.records import Event, decode
from comporta.records.plan import ReleasePlan
from comporta.records.plan_counts import ExposureBin
from comporta.records.plan_facts import (
    PlanCompared,
    PlanCounted,
    PlanEnded,
    PlanExposed,
    PlanStarted,
    PlanSteered,
    PlanStepped,
)
from comporta.release import PLANS
from comporta.release.plan_state import PlanFact, begin, evolve

POINTS = 120
"""Of a plan over time, at most: more cannot be told apart in a picture."""
_KINDS: dict[str, type[PlanFact]] = {
    each.kind: each for each in (PlanExposed, PlanCounted, PlanCompared, PlanStepped, PlanSteered, PlanEnded)
}


class PlanFactAt(NamedTuple):
    """A fact of a plan, and when it was recorded."""

    at: datetime
    fact: PlanFact


class SharedBin(NamedTuple):
    """Units of both arms that were answered first in `seconds` until `until`; share: of units that each arm
    had then."""

    until: datetime
    seconds: float
    units: int
    share: float


class PlanHistory(NamedTuple):
    """facts: steps, what people did and how it ended, in order. points: the plan as it was once outcomes were
    counted, the newest last. bins: of all exposures."""

    facts: tuple[PlanFactAt, ...]
    points: tuple[tuple[datetime, ReleasePlan], ...]
    bins: tuple[SharedBin, ...]


def plan_history(opened: OpenProject, plan: ReleasePlan, points: int = POINTS) -> PlanHistory:
    """Of this plan, at so many points at most. It reads the record of events since it began."""
    begun: ReleasePlan | None = None
    found: list[PlanFactAt] = []
    for event in _events_since(opened, plan.started):
        if event.body is None:
            continue
        if begun is None and event.kind == PlanStarted.kind:
            fact = decode(event.body, PlanStarted)
            if fact.plan == plan.id:
                before = opened.ledger.get(PLANS, fact.carried) if fact.carried else None
                begun = begin(fact, event.at, before)
        elif begun is not None and (kind := _KINDS.get(event.kind)) is not None:
            later = decode(event.body, kind)
            if later.plan == plan.id:
                found.append(PlanFactAt(event.at, later))
                if isinstance(later, PlanEnded):
                    break
    return PlanHistory((), (), ()) if begun is None else _replay(begun, found, points)


def _replay(plan: ReleasePlan, facts: list[PlanFactAt], points: int) -> PlanHistory:
    """The plan after each of its facts; kept at some of the times at which outcomes were counted."""
    kept = _spread({each.at for each in facts if isinstance(each.fact, PlanCounted)}, points)
    bins: list[SharedBin] = []
    found: dict[datetime, ReleasePlan] = {}
    for each in facts:
        if isinstance(each.fact, PlanExposed):
            bins += _bins_with_shares(plan, each.fact.bins)
        plan = evolve(plan, each.fact, each.at)
        if each.at in kept:
            found[each.at] = plan
    told = tuple(each for each in facts if isinstance(each.fact, PlanStepped | PlanSteered | PlanEnded))
    return PlanHistory(told, tuple(found.items()), tuple(bins))


def _spread(times: set[datetime], most: int) -> set[datetime]:
    """At most so many of these times, the first and the last among them."""
    every = sorted(times)
    if len(every) <= most or most < 2:
        return set(every) if most > 1 else set()
    return {every[round(place * (len(every) - 1) / (most - 1))] for place in range(most)}


def _bins_with_shares(plan: ReleasePlan, bins: tuple[ExposureBin, ...]) -> Iterator[SharedBin]:
    steps = plan.terms.steps
    after = plan.looked
    for each in bins:
        share = steps[plan.step] if steps else 0.0
        yield SharedBin(each.until, (each.until - after).total_seconds(), each.canary + each.control, share)
        after = each.until


def _events_since(opened: OpenProject, at: datetime) -> Iterator[Event]:
    """Events from this time on: numbers rise with time, so the place of the first is sought by halves."""
    low, high = 0, opened.ledger.head().seq
    while high - low > 1:
        middle = (low + high) // 2
        event = next(iter(opened.ledger.events(middle)), None)
        low, high = (middle, high) if event is not None and event.at < at else (low, middle)
    return opened.ledger.events(low)


def units_a_second(bins: tuple[SharedBin, ...], seconds: float) -> float | None:
    """Of all units that came, the two arms' and others': of the newest bins that span at least so many
    seconds, or of all; None of none."""
    if not bins:
        return None
    since = bins[-1].until - timedelta(seconds=seconds)
    recent = list(takewhile(lambda each: each.until > since, reversed(bins)))
    arms = sum(each.seconds * 2 * each.share for each in recent)
    return sum(each.units for each in recent) / arms if arms > 0 else None
