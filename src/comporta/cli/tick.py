"""`comporta tick`, `schedules`: what is asked for by itself, for orchestrators of one's own too."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from comporta.cli import show as shown
from comporta.cli.options import NO, AsJson, Where
from comporta.cli.stop_signals import stop_on_signal
from comporta.cli.words import words as say
from comporta.errors import BadProject

if TYPE_CHECKING:
    from comporta.acts.jobs.tick import TickResult

LATER = 75
"""The exit code of what has not ended: ask again later (`EX_TEMPFAIL` of sysexits.h)."""


def tick(
    schedule: Annotated[str, Parameter(help=say.TICK_SCHEDULE)] = "",
    /,
    *,
    at: Annotated[str, Parameter(help=say.TICK_AT)] = "",
    work: Annotated[bool, Parameter(help=say.TICK_WORK, negative="")] = False,
    project: Where = None,
    json: AsJson = False,
) -> int:
    """Ask for the jobs that schedules say are due at a time; asked for before, the same jobs are told.

    The exit code is 0 where all of them are done or none is due, 75 where one has not ended: then ask again
    later, as often as you like. 3: one did not end well, or the tick is older than one that was asked for.
    """
    from comporta.acts.jobs.tick import look_again, outcome_of
    from comporta.acts.jobs.tick import tick as ticked
    from comporta.acts.jobs.worker import open_worker
    from comporta.opened.deployed import open_deployed

    with open_deployed(project, works=False) as opened:
        found = ticked(opened, _moment(at), schedule)
        if work:
            with stop_on_signal() as stop:
                open_worker(opened, lambda notice: None).work(stop, once=True)
            found = tuple(look_again(opened, each) for each in found)
    if json:
        shown.json({"outcome": outcome_of(found), "ticks": found})
    elif not found:
        shown.aside(say.NO_SCHEDULES)
    else:
        for each in found:
            shown.line(_text(each))
    return {"done": 0, "later": LATER, "refused": NO}[outcome_of(found)]


def schedules(*, project: Where = None, json: AsJson = False) -> None:
    """What the project declares that is asked for by itself: when last, and when next."""
    from comporta.acts.jobs.tick import schedule_views
    from comporta.opened.deployed import open_deployed

    with open_deployed(project, works=False) as opened:
        found = schedule_views(opened)
    if json:
        shown.json(found)
    elif not found:
        shown.aside(say.NO_SCHEDULES)
    else:
        rows = [
            (
                each.schedule.name,
                each.schedule.cron,
                each.schedule.zone,
                " ".join(each.schedule.models) or say.EVERY_MODEL,
                _time(each.last),
                _time(each.next),
            )
            for each in found
        ]
        shown.table("Schedules", ("schedule", "cron", "zone", "models", "last", "next"), rows)


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise BadProject(f"--at: found {text!r}, expected a time such as 2026-12-01T03:00Z.") from error


def _text(result: TickResult) -> str:
    if result.job is not None:
        return say.TICK_JOB.format(
            schedule=result.schedule,
            tick=_time(result.tick),
            job=result.job.id,
            state=say.JOB_STATES[result.job.state],
        )
    text = say.TICK_NOTHING if result.outcome == "done" else say.TICK_PAST
    return text.format(schedule=result.schedule, tick=_time(result.tick))


def _time(at: datetime | None) -> str:
    return "" if at is None else f"{at:%Y-%m-%d %H:%MZ}"
