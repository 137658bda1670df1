"""A release plan as its facts make it, one after the other. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import get_args

from msgspec.structs import replace

from comporta.records.message import Text
from comporta.records.plan import AnswerComparison, MetricProgress, PlanEnd, ReleasePlan
from comporta.records.plan_facts import (
    PlanCompared,
    PlanCounted,
    PlanEnded,
    PlanExposed,
    PlanStarted,
    PlanSteered,
    PlanStepped,
)

PlanFact = PlanExposed | PlanCounted | PlanCompared | PlanStepped | PlanSteered | PlanEnded
PLAN_FACTS: tuple[type[PlanFact], ...] = get_args(PlanFact)
"""What can happen to a plan once it began."""


def begin(fact: PlanStarted, at: datetime, before: ReleasePlan | None) -> ReleasePlan:
    """A plan that began. before: the one whose counts it goes on with."""
    return ReleasePlan(
        id=fact.plan,
        model=fact.model,
        version=fact.version,
        control=fact.control,
        terms=fact.terms,
        by=fact.by,
        reason=fact.reason,
        started=at,
        since=at,
        looked=at,
        carried=fact.carried,
        progress={} if before is None else _earlier_counts(before),
        exposed=(0, 0) if before is None else before.exposed,
    )


def evolve(plan: ReleasePlan, fact: PlanFact, at: datetime) -> ReleasePlan:
    """The plan once this fact is recorded. at: when."""
    if isinstance(fact, PlanExposed):
        return _expose(plan, fact)
    if isinstance(fact, PlanCounted):
        return _count(plan, fact)
    if isinstance(fact, PlanCompared):
        return replace(plan, compared=_comparison(fact))
    if isinstance(fact, PlanStepped):
        return replace(plan, step=fact.step, since=at)
    if isinstance(fact, PlanSteered):
        # A step's dwell begins anew: what it waited for may have changed the traffic.
        return replace(plan, state="paused" if fact.act == "pause" else "running", since=at)
    return replace(plan, state="ended", end=fact.end, ended=at, why=fact.why, ended_by=fact.by)


def _earlier_counts(before: ReleasePlan) -> dict[str, MetricProgress]:
    """What an earlier plan of the same version counted, its bins and seasons behind it."""
    return {
        outcome: MetricProgress(counts=each.counts, whole=each.season_counts)
        for outcome, each in before.progress.items()
    }


def _expose(plan: ReleasePlan, fact: PlanExposed) -> ReleasePlan:
    canary, control = plan.exposed
    for each in fact.bins:
        canary, control = canary + each.canary, control + each.control
    return replace(
        plan,
        # Where no metric waits for them they are over at once.
        bins=(*plan.bins, *fact.bins) if plan.terms.metrics else (),
        looked=fact.bins[-1].until if fact.bins else plan.looked,
        tallies=fact.tallies,
        exposed=(canary, control),
    )


def _count(plan: ReleasePlan, fact: PlanCounted) -> ReleasePlan:
    before = plan.progress.get(fact.outcome, MetricProgress())
    whole = before.whole + fact.counts
    after = MetricProgress(
        bins=before.bins + fact.bins,
        counts=before.counts + fact.counts,
        season=fact.season,
        whole=whole,
        season_counts=whole if fact.season > before.season else before.season_counts,
    )
    progress = {**plan.progress, fact.outcome: after}
    done = min(progress.get(each.outcome, MetricProgress()).bins for each in plan.terms.metrics)
    return replace(
        plan,
        progress=progress,
        bins=plan.bins[max(0, done - plan.bins_before) :],
        bins_before=max(done, plan.bins_before),
    )


def end_of(plan: ReleasePlan, end: PlanEnd, why: Text, by: str = "") -> PlanEnded:
    """The fact that ends a plan. by: the id of who ended it; empty: the plan itself."""
    return PlanEnded(plan=plan.id, end=end, why=why, by=by)


def _comparison(fact: PlanCompared) -> AnswerComparison:
    return AnswerComparison(**{name: getattr(fact, name) for name in AnswerComparison.__struct_fields__})
