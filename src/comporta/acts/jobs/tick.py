"""What a schedule asks for when its time comes: once a tick, however often and by whomever that is told."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Literal

from comporta import jobs
from comporta.acts.jobs.ask import ask_for_tick, tick_key
from comporta.acts.jobs.queued_acts import RunArguments
from comporta.errors import BadProject, NotFound
from comporta.opened.permission import require_permission
from comporta.opened.project import OpenProject
from comporta.project.cron import latest_tick, next_tick
from comporta.project.schedule import Schedule
from comporta.records import Record
from comporta.records.job import OPEN_JOBS, Job, Tick

TickOutcome = Literal["done", "later", "refused"]


class TickResult(Record, frozen=True, kw_only=True):
    """tick: None: nothing was due. job: that it gave, now or before; None: it was refused. outcome: `done`,
    also where nothing was due; `later`: its job has not ended; `refused`: it is older than one that was asked
    for, or its job did not end well."""

    schedule: str
    tick: datetime | None = None
    job: Job | None = None
    outcome: TickOutcome = "done"


def ask_due(opened: OpenProject, schedules: Iterable[Schedule], at: datetime) -> tuple[TickResult, ...]:
    """The jobs of all that is due at this time, asked for once: a tick that was asked for before gives its
    job. at: with a time zone. Raises BadProject, NotFound, Forbidden."""
    found: list[TickResult] = []
    for each in schedules:
        last = opened.ledger.get(jobs.TICKS, each.name)
        due = jobs.due_ticks(each.cron, each.zone, each.catch_up, last, at)
        if due:
            found += [_ask(opened, each, tick) for tick in due]
        else:
            found.append(_earlier(opened, each, last, at))
    return tuple(found)


def tick(opened: OpenProject, at: datetime | None = None, only: str = "") -> tuple[TickResult, ...]:
    """The same of the schedules that the project declares. at: None: now. only: of this schedule.

    Raises BadProject on a time without a zone, or to come; NotFound: there is none of this name; and as
    `ask_due`."""
    require_permission(opened, "train.run")
    moment = opened.now() if at is None else at
    if moment.tzinfo is None:
        raise BadProject(
            f"--at: found {moment.isoformat()}, expected a time zone too, such as {moment:%Y-%m-%dT%H:%MZ}."
        )
    try:
        moment = moment.astimezone(UTC)
    except OverflowError as error:  # the first or the last day of all, in another zone
        raise BadProject(f"--at: found {moment.isoformat()}, expected a time of this age.") from error
    # Else the newest tick that was asked for would lie ahead, and all until then be passed over.
    if moment > opened.now() + jobs.LATE:
        raise BadProject(
            f"--at: found {moment:%Y-%m-%dT%H:%M:%SZ}, a time to come, expected one that is there by this "
            f"machine's clock: {opened.now():%Y-%m-%dT%H:%M:%SZ}."
        )
    schedules = opened.project.schedules
    if only:
        schedules = tuple(each for each in schedules if each.name == only)
        if not schedules:
            known = ", ".join(each.name for each in opened.project.schedules) or "none"
            raise NotFound(f"found no schedule {only!r} in the project, expected one of: {known}.")
    return ask_due(opened, schedules, moment)


class ScheduleView(Record, frozen=True, kw_only=True):
    """A schedule with the newest of its ticks that was asked for, and the next, UTC."""

    schedule: Schedule
    last: datetime | None
    next: datetime | None


def schedule_views(opened: OpenProject) -> tuple[ScheduleView, ...]:
    """The schedules that the project declares. Raises Forbidden, BadProject."""
    require_permission(opened, "version.read")
    return tuple(
        ScheduleView(
            schedule=each,
            last=opened.ledger.get(jobs.TICKS, each.name),
            next=next_tick(each.cron, each.zone, opened.now()),
        )
        for each in opened.project.schedules
    )


def outcome_of(results: Iterable[TickResult]) -> TickOutcome:
    """Of all of them: refused where one is, else later where one is."""
    outcomes = {each.outcome for each in results}
    return "refused" if "refused" in outcomes else "later" if "later" in outcomes else "done"


def look_again(opened: OpenProject, result: TickResult) -> TickResult:
    """The same tick with its job as it stands now."""
    if result.tick is None or result.job is None:
        return result
    return _result(result.schedule, result.tick, jobs.job_of(opened.ledger, result.job.id))


def _ask(opened: OpenProject, schedule: Schedule, at: datetime) -> TickResult:
    arguments, tick = RunArguments(models=schedule.models), Tick(schedule=schedule.name, at=at)
    job = ask_for_tick(opened, "run", arguments, schedule.priority, tick)
    if job is None:
        return TickResult(schedule=schedule.name, tick=at, outcome="refused")
    return _result(schedule.name, at, job)


def _earlier(opened: OpenProject, schedule: Schedule, last: datetime | None, at: datetime) -> TickResult:
    """What a tick gave that was asked for before; refused where it was passed over, and is past."""
    newest = latest_tick(schedule.cron, schedule.zone, at)
    if newest is None or last is None:
        return TickResult(schedule=schedule.name)
    id = opened.ledger.get(jobs.JOB_KEYS, tick_key(Tick(schedule=schedule.name, at=newest)))
    if id is not None:
        return _result(schedule.name, newest, jobs.job_of(opened.ledger, id))
    if newest < last:
        return TickResult(schedule=schedule.name, tick=newest, outcome="refused")
    return TickResult(schedule=schedule.name)


def _result(schedule: str, tick: datetime, job: Job) -> TickResult:
    outcome: TickOutcome = "later" if job.state in OPEN_JOBS else "done" if job.state == "done" else "refused"
    return TickResult(schedule=schedule, tick=tick, job=job, outcome=outcome)
