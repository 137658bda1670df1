"""What servers counted of the requests of a plan's arms: for fuses, and units that nobody logged."""

from __future__ import annotations

from collections.abc import Iterable

from comporta.acts.rollout.first_answers import half_releases
from comporta.acts.serve.lost_rows import ArmCount
from comporta.acts.serve.server_state import arm_tallies
from comporta.opened.project import OpenProject
from comporta.records import Route
from comporta.records.plan import ReleasePlan
from comporta.records.plan_counts import ArmTally
from comporta.release import ROUTES
from comporta.serve.tally import BOUNDS


def plan_tallies(opened: OpenProject, plan: ReleasePlan) -> tuple[ArmTally, ArmTally]:
    """Of the canary and of the control, since the plan began, of all servers of this machine and of those
    elsewhere that have ended. Never less than what was seen before: a file that is gone took nothing back."""
    route = opened.ledger.get(ROUTES, plan.model)
    assert route is not None, "a plan begins beside a release"
    try:
        counted = arm_tallies(opened, plan.model, plan.id)
    except OSError:
        return plan.tallies[0], plan.tallies[1]
    if plan.terms.kind == "blue_green":
        answered = [_tally(each, plan) for each in counted if each.version == plan.version]
        return sum(answered, ArmTally()).at_least(plan.tallies[0]), plan.tallies[1]
    if plan.terms.decide == "paired" or plan.terms.kind == "shadow":
        shadow = sum(map(_shadow_tally, counted), ArmTally())
        return shadow.at_least(plan.tallies[0]), plan.tallies[1]
    canary, control = _of_arms(counted, route, plan)
    return canary.at_least(plan.tallies[0]), control.at_least(plan.tallies[1])


def _of_arms(counted: Iterable[ArmCount], route: Route, plan: ReleasePlan) -> tuple[ArmTally, ArmTally]:
    half = half_releases(route, plan)
    arms = {"canary": ArmTally(), "control": ArmTally()}
    without = 0
    for each in counted:
        without += each.without_unit
        controls = each.arm == "control" or (each.arm == "champion" and each.release in half)
        if each.arm == "canary" or controls:
            name = "canary" if each.arm == "canary" else "control"
            arms[name] += _tally(each, plan)
    return arms["canary"], arms["control"] + ArmTally(without_unit=without)


def _tally(count: ArmCount, plan: ReleasePlan) -> ArmTally:
    fuse = plan.terms.fuse
    limit = None if fuse is None or fuse.latency is None else fuse.latency / 1000
    # Of a bound that lies above the limit: what took between the two is not counted as slow.
    slow = (
        0
        if limit is None
        else sum(n for low, n in zip((0.0, *BOUNDS), count.times, strict=False) if low >= limit)
    )
    # Of those that failed none has a time.
    asked = count.requests + count.failures
    return ArmTally(requests=asked, failed=count.failures, slow=slow, unlogged=count.unlogged)


def _shadow_tally(count: ArmCount) -> ArmTally:
    """Of what a shadow was asked: rows, for it gets no requests of its own."""
    rows = count.rows if count.arm == "shadow" else 0
    failed = count.shadow_failures
    return ArmTally(requests=rows + failed, failed=failed, unlogged=count.unlogged if rows else 0)
