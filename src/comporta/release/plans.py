"""Release plans as projections of their facts: each plan, and the newest of each model."""

from __future__ import annotations

from comporta.errors import Refused
from comporta.records import Changes, Event, Lookup, Projection, View
from comporta.records.plan import ReleasePlan
from comporta.records.plan_facts import PlanStarted
from comporta.release.plan_state import PLAN_FACTS, PlanFact, begin, evolve


def _apply_started(fact: PlanStarted, event: Event, old: Lookup[ReleasePlan]) -> Changes[ReleasePlan]:
    yield fact.plan, begin(fact, event.at, old(fact.carried) if fact.carried else None)


def _apply(fact: PlanFact, event: Event, old: Lookup[ReleasePlan]) -> Changes[ReleasePlan]:
    if (plan := old(fact.plan)) is not None:
        yield plan.id, evolve(plan, fact, event.at)


PLANS = Projection(
    "release plan",
    ReleasePlan,
    {PlanStarted: _apply_started, **dict.fromkeys(PLAN_FACTS, _apply)},
)
"""Plan id → the plan. Ids sort by time."""


def _newest_started(fact: PlanStarted, event: Event, old: Lookup[str]) -> Changes[str]:
    yield fact.model, fact.plan


NEWEST_PLANS = Projection("newest release plan", str, {PlanStarted: _newest_started})
"""Model → its newest plan; the one under way unless it ended: there is never another."""


def plan_under_way(view: View, model: str) -> ReleasePlan | None:
    """The plan of this model that has not ended, if there is one."""
    newest = view.get(NEWEST_PLANS, model)
    plan = None if newest is None else view.get(PLANS, newest)
    return None if plan is None or plan.state == "ended" else plan


def require_none_under_way(plan: ReleasePlan | None) -> None:
    """Raises Refused where this plan is under way: at most one of a model is, and nothing beside it."""
    if plan is not None:
        version = f"{plan.model}/{plan.version}"
        raise Refused(
            f"{plan.model}: the release of {version} is under way. To end it: "
            f"comporta release {version} --abort"
        )


def plans_under_way(view: View) -> list[ReleasePlan]:
    """The plans that have not ended, by model."""
    found = (plan_under_way(view, model) for model, _ in view.scan(NEWEST_PLANS))
    return [plan for plan in found if plan is not None]
