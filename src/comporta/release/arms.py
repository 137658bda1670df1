"""The traffic of a plan: what each of its steps, its end and its way back releases. Pure."""

from __future__ import annotations

from datetime import datetime

from comporta.records import Artifact, Route, Share
from comporta.records.facts import VersionReleased
from comporta.records.plan import ReleasePlan
from comporta.records.release import champion
from comporta.release.decide import all_to, follow


def step_shares(plan: ReleasePlan, step: int) -> tuple[Share, ...]:
    """Who answers whom at this step of the plan's terms."""
    terms, control = plan.terms, plan.control
    assert control is not None, "a plan without a control has no arms"
    if terms.kind == "shadow" or terms.decide == "paired":
        return (*all_to(control), Share(version=plan.version, weight=0.0, role="shadow"))
    if terms.kind == "blue_green":
        first, warm = (control, plan.version) if step == 0 else (plan.version, control)
        return (*all_to(first), Share(version=warm, weight=0.0, role="fallback"))
    share = terms.steps[step]
    canary = Share(version=plan.version, weight=share, role="canary")
    if share >= 0.5:
        # Nobody is left beside the arms: the champion's units are the control.
        return (Share(version=control, weight=0.5), canary)
    beside = Share(version=control, weight=share, role="control")
    return (Share(version=control, weight=1 - 2 * share), beside, canary)


def step_release(route: Route, plan: ReleasePlan, step: int, at: datetime) -> VersionReleased:
    """The traffic of this step."""
    return _of_plan(route, plan, step_shares(plan, step), plan.by, plan.reason, at)


def end_release(
    route: Route, plan: ReleasePlan, *, promoted: bool, by: str, reason: Artifact | str, at: datetime
) -> VersionReleased | None:
    """The traffic once the plan is over; None where it is that already."""
    shares = end_shares(plan, promoted=promoted)
    return None if route.shares == shares else _of_plan(route, plan, shares, by, reason, at)


def _of_plan(
    route: Route,
    plan: ReleasePlan,
    shares: tuple[Share, ...],
    by: str,
    reason: Artifact | str,
    at: datetime,
) -> VersionReleased:
    after = champion(shares)
    kind = "arms" if after == route.champion else "release" if after == plan.version else "rollback"
    return follow(route, plan.model, shares, kind=kind, by=by, reason=reason, at=at, plan=plan.id)


def end_shares(plan: ReleasePlan, *, promoted: bool) -> tuple[Share, ...]:
    """Who answers once the plan is over."""
    assert plan.control is not None
    if not promoted:
        return all_to(plan.control)
    kept = plan.terms.holdback
    if not kept:
        return all_to(plan.version)
    return (
        Share(version=plan.version, weight=1 - kept),
        Share(version=plan.control, weight=kept, role="holdback"),
    )
