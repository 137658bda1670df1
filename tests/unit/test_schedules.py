"""Schedules: when they are due, in every zone and whatever was missed; and what is wrong with one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest

from comporta import Model, Project, Schedule, jobs
from comporta.acts.jobs.schedule_process import ScheduleOrder, ScheduleReport
from comporta.acts.jobs.scheduler import DeclaredSchedules, Scheduler
from comporta.errors import BadProject
from comporta.jobs import due_ticks
from comporta.ledger import open_ledger
from comporta.opened.project_place import ProjectPlace
from comporta.project.cron import latest_tick, next_tick, require_cron, zone_of
from comporta.project.faults import project_faults
from comporta.records import Transaction
from comporta.records.job import JobRequest, Tick
from comporta.records.job_facts import JobQueued
from comporta.testing.clock import Clock

NIGHT = "0 3 * * *"


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_a_tick_is_told_in_its_zone() -> None:
    at = utc("2026-07-01T12:00")
    assert latest_tick(NIGHT, "Europe/Lisbon", at) == utc("2026-07-01T02:00")
    assert latest_tick(NIGHT, "UTC", at) == utc("2026-07-01T03:00")
    assert next_tick(NIGHT, "America/New_York", at) == utc("2026-07-02T07:00")
    assert latest_tick(NIGHT, "UTC", utc("2026-07-01T03:00")) == utc("2026-07-01T03:00"), "the time itself"


def test_where_clocks_are_changed_each_night_has_one_tick() -> None:
    """As cron(8) of Debian says: what the hour left out comes after it, what the hour repeated comes once."""
    half_past_one = "30 1 * * *"
    forward = due_ticks(
        half_past_one, "Europe/Lisbon", "all", utc("2026-03-28T12:00"), utc("2026-03-30T12:00")
    )
    assert forward == (utc("2026-03-29T01:00"), utc("2026-03-30T00:30"))
    back = due_ticks(half_past_one, "Europe/Lisbon", "all", utc("2026-10-24T12:00"), utc("2026-10-26T12:00"))
    assert back == (utc("2026-10-25T00:30"), utc("2026-10-26T01:30"))


@pytest.mark.parametrize(
    ("catch_up", "expected"),
    [
        ("latest", ["2026-07-04T03:00"]),
        ("all", ["2026-07-02T03:00", "2026-07-03T03:00", "2026-07-04T03:00"]),
        ("none", []),
    ],
)
def test_what_was_missed_is_caught_up_with_as_declared(catch_up: Any, expected: list[str]) -> None:
    found = due_ticks(NIGHT, "UTC", catch_up, utc("2026-07-01T03:00"), utc("2026-07-04T09:00"))
    assert found == tuple(map(utc, expected))
    in_time = due_ticks(NIGHT, "UTC", catch_up, utc("2026-07-03T03:00"), utc("2026-07-04T03:04"))
    assert in_time == (utc("2026-07-04T03:00"),)


def test_a_new_schedule_asks_for_nothing_of_before() -> None:
    for catch_up in ("latest", "all", "none"):
        assert due_ticks(NIGHT, "UTC", catch_up, None, utc("2026-07-04T09:00")) == ()  # type: ignore[arg-type]
        assert due_ticks(NIGHT, "UTC", catch_up, None, utc("2026-07-04T03:02")) == (utc("2026-07-04T03:00"),)  # type: ignore[arg-type]


def test_no_more_than_a_thousand_missed_ticks_are_asked_for_at_once() -> None:
    found = due_ticks("* * * * *", "UTC", "all", utc("2026-01-01T00:00"), utc("2026-07-01T00:00"))
    assert (len(found), found[0]) == (1000, utc("2026-01-01T00:01"))


@pytest.mark.parametrize(
    "cron", ["", "0 3 * *", "0 3 * * * *", "61 3 * * *", "0 3 30 2 *", "@daily", "0 3 * * mo nday"]
)
def test_a_line_that_is_no_cron_is_told_with_what_was_expected(cron: str) -> None:
    with pytest.raises(BadProject, match="cron: found"):
        require_cron(cron)


def test_a_zone_that_is_none_is_told() -> None:
    for name in ("Lisbon", "", "../../etc/passwd", "Europe/Lisbon\0"):
        with pytest.raises(BadProject, match="zone: found"):
            zone_of(name)


def test_every_fault_of_a_schedule_is_named(tmp_path: Path) -> None:
    project = Project(
        "p",
        schedules=(
            Schedule("nightly", "0 25 * * *", zone="Nowhere", models=("late",)),
            Schedule("nightly", NIGHT),
            Schedule("odd", NIGHT, catch_up="some"),  # type: ignore[arg-type]
        ),
    )
    said = "\n".join(str(each) for each in project_faults(project, tmp_path))
    for expected in (
        "cron: found '0 25 * * *'",
        "zone: found 'Nowhere'",
        "models: found 'late', expected one of: none is declared",
        "Schedule 'nightly': found this name twice",
        "catch_up",
    ):
        assert expected in said
    assert Model is not None


class _Opened(SimpleNamespace):
    """What a scheduler asks of an opened project."""

    def now(self) -> datetime:
        return self.clock()


@pytest.fixture
def opened(tmp_path: Path) -> _Opened:
    clock = Clock(utc("2026-07-01T02:59"))
    ledger = open_ledger("memory://", jobs.PROJECTIONS, key=b"k" * 32, clock=clock, root=tmp_path)
    return _Opened(ledger=ledger, clock=clock, root=tmp_path)


def test_a_scheduler_asks_once_a_tick_and_keeps_to_what_was_declared_while_the_file_is_broken(
    opened: _Opened, tmp_path: Path
) -> None:
    orders: list[bool] = []
    fault = [""]

    def report(order: ScheduleOrder) -> ScheduleReport:
        orders.append(order.asks)
        if fault[0]:
            return ScheduleReport(fault=fault[0])
        if order.asks:
            at = jobs.due_ticks(NIGHT, "UTC", "latest", None, opened.now())[-1]

            def queue(tx: Transaction) -> None:
                request = JobRequest(act="run", tick=Tick(schedule="nightly", at=at))
                tx.append(JobQueued(job=f"{at:%d}", request=request))

            opened.ledger.transact(queue)
        return ScheduleReport(schedules=(Schedule("nightly", NIGHT),))

    told: list[str] = []
    place = ProjectPlace(root=str(tmp_path), home=str(tmp_path), file=str(tmp_path / "project.py"))
    scheduler = Scheduler(opened, DeclaredSchedules(place, report), told.append)  # type: ignore[arg-type]
    scheduler.look()
    assert orders == [False], "read, and nothing is due"
    opened.clock.forward(timedelta(minutes=1))
    scheduler.look()
    scheduler.look()
    assert orders == [False, True]
    (tmp_path / "project.py").write_text("broken")
    fault[0] = "project.py:1: broken"
    scheduler.look()
    scheduler.look()
    assert (orders, told) == ([False, True, False], ["project.py:1: broken"]), "read once more, told once"
    opened.clock.forward(timedelta(days=1))
    scheduler.look()
    assert orders[-1], "what it declared before is due still"


def test_a_fault_that_nobody_foresaw_ends_no_scheduler() -> None:
    stop, told = Event(), list[str]()

    def current() -> ScheduleReport:
        if told:
            stop.set()
            return ScheduleReport()
        stop.wait = lambda timeout=None: stop.is_set()  # type: ignore[method-assign]
        raise ValueError("of a row: Ana")

    scheduler = Scheduler(SimpleNamespace(), SimpleNamespace(current=current), told.append)  # type: ignore[arg-type]
    scheduler.follow(stop)
    assert told == ["ValueError"]
