"""Controllers that die before and after each durable write, are stopped past their lease, and are two."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.flow.rollouts import Traffic, controller_of, no_tallies, soon

from comporta.acts.rollout.begin import begin_plan
from comporta.acts.rollout.controller import LENGTH
from comporta.acts.rollout.turn import turn
from comporta.errors import AttemptReplaced
from comporta.ledger import Ledger
from comporta.opened.project import OpenProject, open_project
from comporta.records.plan import PlanDecision
from comporta.release import PLANS, ROUTES, plans_under_way


class Killed(BaseException):
    """What SIGKILL is to whoever is killed: nothing that follows is done."""


class KillingLedger:
    """Kills at the n-th transaction, before or after it is durable; counts them. n: -1: never."""

    def __init__(self, ledger: Ledger, n: int, *, after: bool) -> None:
        self._ledger, self._n, self._after = ledger, n, after
        self.count = 0

    def transact(self, act: Callable[[Any], Any]) -> Any:
        mine = self.count == self._n
        self.count += 1
        if mine and not self._after:
            raise Killed
        done = self._ledger.transact(act)
        if mine:
            raise Killed
        return done

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ledger, name)


def require_consistent(opened: OpenProject) -> None:
    """At each instant at most one plan is in force, and the traffic is what it says."""
    route = opened.ledger.get(ROUTES, "ill")
    assert route is not None
    plans = plans_under_way(opened.ledger)
    assert len(plans) <= 1
    roles = {(share.version, share.role) for share in route.shares}
    if plans:
        assert (2, "canary") in roles
        assert route.plan == plans[0].id
        (canary,) = (share for share in route.shares if share.role == "canary")
        assert canary.weight == plans[0].terms.steps[plans[0].step]
    else:
        assert len(roles) == 1


def until_end(opened: OpenProject, now: list[datetime], traffic: Traffic, looks: int = 30) -> str | None:
    """How the newest plan ended, looked at by a new process each time."""
    for place in range(looks):
        plan = next(iter(plans_under_way(opened.ledger)), None)
        if plan is None:
            return max((each for _, each in opened.ledger.scan(PLANS)), key=lambda each: each.started).end
        traffic.pass_hours(12, 700)
        controller_of(opened, [], holder=f"process {now[0]} {place}").look()
        require_consistent(opened)
    return None


def scenario(opened: OpenProject, now: list[datetime], traffic: Traffic) -> None:
    """Begins a plan and looks at it twice: a step, and the first counts."""
    begin_plan(opened, "ill/2", by="ana")
    looks = controller_of(opened, [])
    for _ in range(2):
        traffic.pass_hours(12, 700)
        looks.look()


def test_a_kill_before_or_after_each_durable_write_leaves_one_plan_that_goes_on(rollout_project, tmp_path):
    now = soon()
    shutil.copytree(rollout_project, tmp_path / "count")
    with open_project(tmp_path / "count", clock=lambda: now[0]) as opened:
        counting = KillingLedger(opened.ledger, -1, after=False)
        opened.ledger = counting  # type: ignore[assignment]
        scenario(opened, now, Traffic(opened, now, lambda arm: 0.2))
        points = counting.count
    assert points >= 5, "its transactions were found"
    for n in range(points):
        for after in (False, True):
            now = soon()
            folder = tmp_path / f"{n}{after}"
            shutil.copytree(rollout_project, folder)
            with open_project(folder, clock=lambda now=now: now[0]) as opened:
                opened.ledger = KillingLedger(opened.ledger, n, after=after)  # type: ignore[assignment]
                with pytest.raises(Killed):
                    scenario(opened, now, Traffic(opened, now, lambda arm: 0.2))
            now[0] += timedelta(minutes=5)
            with open_project(folder, clock=lambda now=now: now[0]) as opened:
                require_consistent(opened)
                controller_of(opened, [], holder="after the kill").look()
                require_consistent(opened)
            shutil.rmtree(folder)


def test_a_plan_whose_controller_is_killed_again_and_again_ends_as_it_should(rollout_project, tmp_path):
    now = soon()
    shutil.copytree(rollout_project, tmp_path / "project")
    with open_project(tmp_path / "project", clock=lambda: now[0]) as opened:
        begin_plan(opened, "ill/2", by="ana")
        assert until_end(opened, now, Traffic(opened, now, lambda arm: 0.2)) == "promoted"


def test_one_that_was_stopped_past_its_lease_records_nothing_once_another_leads(rollout_project, tmp_path):
    now = soon()
    shutil.copytree(rollout_project, tmp_path / "project")
    with open_project(tmp_path / "project", clock=lambda: now[0]) as opened:
        plan = begin_plan(opened, "ill/2", by="ana")
        first = controller_of(opened, [], holder="first")
        first.look()
        stopped = opened.ledger.lease("release controller")
        now[0] += timedelta(seconds=LENGTH + 1)
        decisions: list[PlanDecision] = []
        controller_of(opened, decisions, holder="second").look()
        assert opened.ledger.lease("release controller").holder == "second"
        Traffic(opened, now, lambda arm: 0.2).pass_hours(3, 50)
        before = opened.ledger.head()
        with pytest.raises(AttemptReplaced, match="another process leads"):
            turn(opened, plan, stopped, no_tallies(plan))
        assert opened.ledger.head() == before


def test_two_controllers_at_once_do_what_one_does(rollout_project, tmp_path):
    now = soon()
    shutil.copytree(rollout_project, tmp_path / "project")
    with open_project(tmp_path / "project", clock=lambda: now[0]) as opened:
        begin_plan(opened, "ill/2", by="ana")
        traffic = Traffic(opened, now, lambda arm: 0.2)
        both = controller_of(opened, [], holder="one"), controller_of(opened, [], holder="two")
        traffic.pass_hours(2, 100)
        found = [each.look() for each in both]
        assert [len(each) for each in found] == [1, 0]
        require_consistent(opened)


def test_a_plan_that_changed_while_it_was_looked_at_is_looked_at_again(rollout_project, tmp_path):
    now = soon()
    shutil.copytree(rollout_project, tmp_path / "project")
    with open_project(tmp_path / "project", clock=lambda: now[0]) as opened:
        plan = begin_plan(opened, "ill/2", by="ana")
        Traffic(opened, now, lambda arm: 0.2).pass_hours(3, 50)
        turn(opened, plan, None, no_tallies(plan))
        with pytest.raises(AttemptReplaced, match="changed while"):
            turn(opened, plan, None, no_tallies(plan))
