"""A version on its way to all traffic by a plan, nobody touching it: promoted, rolled back, or undecided."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from tests.flow.rollouts import (
    CANARY,
    PAIRED,
    Traffic,
    controller_of,
    no_tallies,
    soon,
    with_plan,
)

from comporta.acts.release.release import release, rollback, version_of
from comporta.acts.rollout.begin import begin_plan
from comporta.acts.rollout.controller import ReleaseController
from comporta.acts.rollout.passed import begin_passed
from comporta.acts.rollout.steering import abort, pause, plan_of, promote, resume
from comporta.errors import Refused
from comporta.opened.project import OpenProject, open_project
from comporta.opened.sentences import sentence
from comporta.records.plan import PlanDecision, ReleasePlan
from comporta.records.plan_counts import ArmTally
from comporta.release import PLANS, ROUTES
from comporta.release.swap_decision import ServersState


@contextmanager
def copy_of(folder: Path, to: Path, now: list[datetime], plan: str = CANARY) -> Iterator[OpenProject]:
    shutil.copytree(folder, to / "project")
    with_plan(to / "project", plan)
    with open_project(to / "project", clock=lambda: now[0]) as opened:
        yield opened


def run_until_end(
    opened: OpenProject,
    now: list[datetime],
    traffic: Traffic,
    decisions: list[PlanDecision],
    *,
    days: int = 9,
    units: int = 900,
    tallies: Callable[[ReleasePlan], tuple[ArmTally, ArmTally]] | None = None,
) -> ReleasePlan:
    """The plan at its end, looked at every twelve hours."""
    plan = begin_plan(opened, "ill/2", by="ana")
    looks = controller_of(opened, decisions) if tallies is None else controller_of(opened, decisions, tallies)
    for _ in range(2 * days):
        traffic.pass_hours(12, units)
        looks.look()
        plan = opened.ledger.get(PLANS, plan.id) or plan
        if plan.state == "ended":
            break
    return plan


@pytest.fixture
def two_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have the version in memory."""
    monkeypatch.setattr(
        "comporta.acts.rollout.turn.servers_of",
        lambda opened, plan: ServersState(servers=2, ready=2, failed=0),
    )


def shares(opened: OpenProject) -> list[tuple[int, float, str]]:
    route = opened.ledger.get(ROUTES, "ill")
    assert route is not None
    return [(each.version, each.weight, each.role) for each in route.shares]


def test_a_version_that_is_as_good_is_promoted_at_the_end_of_a_whole_season(rollout_project, tmp_path):
    now = soon()
    with copy_of(rollout_project, tmp_path, now) as opened:
        decisions: list[PlanDecision] = []
        plan = run_until_end(opened, now, Traffic(opened, now, lambda arm: 0.2), decisions)
        assert plan.end == "promoted"
        assert [each.act for each in decisions] == ["step", "wait", "promote"]
        assert "non-inferior" in sentence(plan.why)
        assert shares(opened) == [(2, 1.0, "champion")]
        counts = plan.progress["error"].counts
        assert counts.canary.unlabelled == counts.control.unlabelled == 0
        assert rollback(opened, "ill", by="ana").champion == 1


def test_a_version_whose_answers_are_flipped_now_and_then_is_rolled_back(rollout_project, tmp_path):
    now = soon()
    with copy_of(rollout_project, tmp_path, now) as opened:
        traffic = Traffic(opened, now, lambda arm: 0.3 if arm == "canary" else 0.2, seed=1)
        plan = run_until_end(opened, now, traffic, [])
        assert plan.end == "rolled_back"
        assert "error is worse" in sentence(plan.why)
        assert shares(opened) == [(1, 1.0, "champion")]


def test_labels_that_come_later_for_wrong_answers_of_one_arm_decide_nothing(rollout_project, tmp_path):
    now = soon()
    with copy_of(rollout_project, tmp_path, now) as opened:

        def delay(arm: str, wrong: bool) -> float:
            return 11.0 if wrong and arm == "canary" else 1.0

        plan = run_until_end(opened, now, Traffic(opened, now, lambda arm: 0.2, delay), [], days=3)
        assert plan.end in (None, "promoted")
        counts = plan.progress["error"].counts
        assert counts.canary.unlabelled == counts.control.unlabelled == 0


def test_a_worse_version_whose_wrong_answers_are_never_told_of_is_not_promoted(rollout_project, tmp_path):
    now = soon()
    with copy_of(rollout_project, tmp_path, now) as opened:

        def delay(arm: str, wrong: bool) -> float | None:
            return None if wrong and arm == "canary" else 1.0

        traffic = Traffic(opened, now, lambda arm: 0.35 if arm == "canary" else 0.2, delay)
        plan = run_until_end(opened, now, traffic, [], days=4)
        assert plan.end in (None, "inconclusive")
        counts = plan.progress["error"].counts
        assert counts.canary.bad == 0 < counts.control.bad, "of the labelled ones none was wrong"


def test_failures_of_the_new_version_end_it_at_once(rollout_project, tmp_path):
    now = soon()
    with copy_of(rollout_project, tmp_path, now) as opened:
        failing = (ArmTally(requests=100, failed=9), ArmTally(requests=100))
        traffic = Traffic(opened, now, lambda arm: 0.2)
        plan = run_until_end(opened, now, traffic, [], days=1, units=10, tallies=lambda plan: failing)
        assert plan.end == "rolled_back"
        assert "9 of 100 requests to the new version failed (9.0%)" in sentence(plan.why)


def test_a_plan_that_sees_too_little_is_rolled_back_at_its_deadline(rollout_project, tmp_path):
    now = soon()
    with copy_of(rollout_project, tmp_path, now) as opened:
        traffic = Traffic(opened, now, lambda arm: 0.2)
        plan = run_until_end(opened, now, traffic, [], units=12)
        assert plan.end == "inconclusive"
        assert "undecided after 8 days" in sentence(plan.why)


def test_a_paused_plan_stays_and_resumed_goes_on(rollout_project, tmp_path):
    now = soon()
    with copy_of(rollout_project, tmp_path, now) as opened:
        begin_plan(opened, "ill/2", by="ana")
        assert pause(opened, "ill/2", by="ana").state == "paused"
        decisions: list[PlanDecision] = []
        traffic = Traffic(opened, now, lambda arm: 0.2)
        traffic.pass_hours(12, 10)
        controller_of(opened, decisions).look()
        assert plan_of(opened.ledger, "ill/2", opened).step == 0
        with pytest.raises(Refused, match="paused already"):
            pause(opened, "ill/2", by="ana")
        resume(opened, "ill/2", by="ana")
        traffic.pass_hours(2, 10)
        controller_of(opened, decisions, holder="another").look()
        traffic.pass_hours(2, 10)
        controller_of(opened, decisions, holder="third").look()
        assert plan_of(opened.ledger, "ill/2", opened).step == 1


def test_one_plan_of_a_model_is_under_way_and_no_other_release_beside_it(rollout_project, tmp_path):
    now = soon()
    with copy_of(rollout_project, tmp_path, now) as opened:
        begin_plan(opened, "ill/2", by="ana")
        with pytest.raises(Refused, match="is under way"):
            begin_plan(opened, "ill/2", by="ana")
        with pytest.raises(Refused, match="is under way"):
            release(opened, "ill/2", by="ana")
        assert abort(opened, "ill/2", by="ana").end == "aborted"
        assert shares(opened) == [(1, 1.0, "champion")]
        begin_plan(opened, "ill/2", by="ana")
        assert rollback(opened, "ill", by="ana").champion == 1
        begin_plan(opened, "ill/2", by="ana")
        assert promote(opened, "ill/2", by="ana").end == "promoted"
        assert shares(opened) == [(2, 1.0, "champion")]


def test_a_version_that_is_tried_again_goes_on_with_what_was_counted(rollout_project, tmp_path):
    now = soon()
    with copy_of(rollout_project, tmp_path, now) as opened:
        traffic = Traffic(opened, now, lambda arm: 0.2)
        plan = run_until_end(opened, now, traffic, [], days=2, units=200)
        seen = plan.progress["error"]
        abort(opened, "ill/2", by="ana")
        again = begin_plan(opened, "ill/2", by="ana")
        assert again.carried == plan.id
        assert again.progress["error"].counts == seen.counts
        assert again.progress["error"].whole == seen.season_counts
        assert again.progress["error"].season == 0


def test_a_plan_that_history_calls_hopeless_is_refused_with_what_would_help(rollout_project, tmp_path):
    now = soon()
    with copy_of(rollout_project, tmp_path, now) as opened:
        traffic = Traffic(opened, now, lambda arm: 0.2)
        for _ in range(4):
            traffic.pass_hours(24, 150)
        with pytest.raises(
            Refused, match=r"chance of \d+%, on 7\d units a day and arm.*(would do|more traffic)"
        ):
            begin_plan(opened, "ill/2", by="ana")
        assert shares(opened) == [(1, 1.0, "champion")]
        assert opened.ledger.scan(PLANS) == []


def test_a_plan_whose_labels_never_come_is_refused(rollout_project, tmp_path):
    now = soon()
    with copy_of(rollout_project, tmp_path, now) as opened:
        traffic = Traffic(opened, now, lambda arm: 0.2, lambda arm, wrong: None)
        for _ in range(3):
            traffic.pass_hours(24, 300)
        with pytest.raises(Refused, match="no label of 'error' came within its horizon"):
            begin_plan(opened, "ill/2", by="ana")


def test_a_plan_that_history_calls_able_begins(rollout_project, tmp_path):
    now = soon()
    with copy_of(rollout_project, tmp_path, now) as opened:
        traffic = Traffic(opened, now, lambda arm: 0.2)
        for _ in range(3):
            traffic.pass_hours(24, 2_000)
        assert begin_plan(opened, "ill/2", by="ana").state == "running"


def test_a_paired_plan_sees_harm_in_few_pairs_and_hears_the_champion_alone(rollout_project, tmp_path):
    now = soon()
    with copy_of(rollout_project, tmp_path, now, PAIRED) as opened:
        wrong = {"champion": 0.05, "shadow": 0.1}
        traffic = Traffic(opened, now, lambda arm: wrong[arm])
        plan = run_until_end(opened, now, traffic, [], units=300)
        assert plan.end == "rolled_back"
        pairs = plan.progress["error"].counts.paired
        assert pairs is not None and pairs.n <= 900
        assert shares(opened) == [(1, 1.0, "champion")]


def test_a_paired_plan_promotes_what_answers_alike(rollout_project, tmp_path):
    now = soon()
    with copy_of(rollout_project, tmp_path, now, PAIRED) as opened:
        # Half of the answers are wrong: one that is flipped is as often right as before.
        wrong = {"champion": 0.5, "shadow": 0.02}
        plan = run_until_end(opened, now, Traffic(opened, now, lambda arm: wrong[arm]), [], units=600)
        assert (plan.end, shares(opened)) == ("promoted", [(2, 1.0, "champion")])


def test_blue_green_swaps_once_the_version_is_tried_and_keeps_the_one_before_warm(
    rollout_project, tmp_path, two_servers
):
    now = soon()
    with copy_of(rollout_project, tmp_path, now, 'release=BlueGreen(keep="24h")') as opened:
        traffic = Traffic(opened, now, lambda arm: 0.0)
        plan = begin_plan(opened, "ill/2", by="ana")
        assert shares(opened) == [(1, 1.0, "champion"), (2, 0.0, "fallback")]
        decisions: list[PlanDecision] = []
        looks = controller_of(opened, decisions)
        looks.look()
        assert shares(opened) == [(2, 1.0, "champion"), (1, 0.0, "fallback")]
        now[0] += timedelta(hours=23)
        looks.look()
        assert opened.ledger.get(PLANS, plan.id).state == "running"
        now[0] += timedelta(hours=2)
        looks.look()
        assert opened.ledger.get(PLANS, plan.id).end == "promoted"
        assert shares(opened) == [(2, 1.0, "champion")]
        assert rollback(opened, "ill", by="ana").champion == 1
        assert traffic is not None


def test_blue_green_refuses_a_version_that_answers_too_much_otherwise(rollout_project, tmp_path):
    now = soon()
    with copy_of(rollout_project, tmp_path, now, "release=BlueGreen(differ=0.05)") as opened:
        # What was answered is not what any model makes of these inputs.
        Traffic(opened, now, lambda arm: 0.5).pass_hours(1, 200)
        plan = begin_plan(opened, "ill/2", by="ana")
        controller_of(opened, []).look()
        ended = opened.ledger.get(PLANS, plan.id)
        assert ended.end == "rolled_back"
        assert "of 200 requests otherwise" in sentence(ended.why)
        assert shares(opened) == [(1, 1.0, "champion")]


def test_blue_green_goes_back_by_its_fuse_after_the_swap(rollout_project, tmp_path, two_servers):
    now = soon()
    with copy_of(rollout_project, tmp_path, now, "release=BlueGreen()") as opened:
        begin_plan(opened, "ill/2", by="ana")
        seen = [(ArmTally(), ArmTally())]
        looks = controller_of(opened, [], lambda plan: seen[0])
        looks.look()
        assert shares(opened)[0] == (2, 1.0, "champion")
        seen[0] = (ArmTally(requests=60, failed=60), ArmTally())
        looks.look()
        assert shares(opened) == [(1, 1.0, "champion")]
        with pytest.raises(Refused, match="no earlier release"):
            rollback(opened, "ill", by="ana")


def test_a_shadow_tells_how_many_answers_differ_and_promotes_nothing(rollout_project, tmp_path):
    now = soon()
    with copy_of(rollout_project, tmp_path, now, "release=Shadow(rows=500)") as opened:
        wrong = {"champion": 0.2, "shadow": 0.1}
        plan = begin_plan(opened, "ill/2", by="ana")
        traffic = Traffic(opened, now, lambda arm: wrong[arm])
        looks = controller_of(opened, [])
        for _ in range(3):
            traffic.pass_hours(1, 300)
            looks.look()
        ended = opened.ledger.get(PLANS, plan.id)
        assert ended.end == "compared"
        assert ended.compared.rows == 500
        assert 0.05 < ended.compared.share < 0.15
        assert shares(opened) == [(1, 1.0, "champion")]


def test_a_version_that_may_not_be_released_any_more_is_rolled_back_and_advances_no_further(
    rollout_project, tmp_path, forget
):
    now = soon()
    with copy_of(rollout_project, tmp_path, now) as opened:
        plan = begin_plan(opened, "ill/2", by="ana")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("comporta.acts.rollout.turn.may_still_serve", lambda opened, version: False)
            now[0] += timedelta(hours=2)
            controller_of(opened, []).look()
        ended = opened.ledger.get(PLANS, plan.id)
        assert (ended.end, ended.step) == ("rolled_back", 0)
        assert "may not be released any more" in sentence(ended.why)
        assert shares(opened) == [(1, 1.0, "champion")]


def test_a_plan_begins_by_itself_with_a_version_that_passed_and_once(rollout_project, tmp_path):
    now = soon()
    by_itself = CANARY.replace('dwell="1h")', 'dwell="1h", on="passed")')
    with copy_of(rollout_project, tmp_path, now, by_itself) as opened:
        older, newer = version_of(opened, "ill/1"), version_of(opened, "ill/2")
        assert begin_passed(opened, (older,)).plans == ()
        (plan,) = begin_passed(opened, (older, newer), by="ana").plans
        assert (plan.version, plan.state) == (2, "running")
        abort(opened, "ill/2", by="ana")
        assert begin_passed(opened, (newer,), by="ana").plans == ()


def test_a_plan_that_is_to_begin_by_itself_and_may_not_says_why(rollout_project, tmp_path):
    now = soon()
    frozen = CANARY.replace(
        'dwell="1h")', 'dwell="1h", on="passed", freeze=(Freeze("2026-01-01", "2099-01-01"),))'
    )
    with copy_of(rollout_project, tmp_path, now, frozen) as opened:
        started = begin_passed(opened, (version_of(opened, "ill/2"),), by="ana")
        assert started.plans == ()
        assert "releases are frozen until 2099-01-01" in started.refused[0]


def test_blue_green_waits_where_no_server_answers(rollout_project, tmp_path):
    now = soon()
    with copy_of(rollout_project, tmp_path, now, "release=BlueGreen()") as opened:
        begin_plan(opened, "ill/2", by="ana")
        decisions: list[PlanDecision] = []
        controller_of(opened, decisions).look()
        assert [each.act for each in decisions] == ["wait"]
        assert shares(opened)[0] == (1, 1.0, "champion")


def test_one_plan_that_cannot_be_looked_at_is_told_and_keeps_no_other_from_it(
    rollout_project, tmp_path, monkeypatch
):
    now = soon()
    with copy_of(rollout_project, tmp_path, now) as opened:
        begin_plan(opened, "ill/2", by="ana")
        told: list[str] = []

        def fail(*given: object) -> PlanDecision:
            raise OSError("the disk is gone")

        monkeypatch.setattr("comporta.acts.rollout.turn.turn", fail)
        looks = ReleaseController(opened, no_tallies, lambda plan, decision: None, told.append)
        assert looks.look() == []
        assert told == ["ill/2: OSError: the disk is gone"]


def test_an_outcome_that_the_model_does_not_have_is_refused(rollout_project, tmp_path):
    now = soon()
    numbers = CANARY.replace('ReleaseMetric("error", margin=0.3)', 'ReleaseMetric("far")').replace(
        "release=", 'outcomes=(Outcome("far", "absolute_error", cap=(0, 9)),), release='
    )
    with (
        copy_of(rollout_project, tmp_path, now, numbers) as opened,
        pytest.raises(Refused, match="of='absolute_error', expected for a binary model"),
    ):
        begin_plan(opened, "ill/2", by="ana")
