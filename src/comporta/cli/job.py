"""`comporta jobs`, `job`, `work`: what waits, what runs, and what carries it out."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from comporta.cli import completed_values as offered
from comporta.cli import show as shown
from comporta.cli.options import AsJson, Where, between
from comporta.cli.stop_signals import stop_at_end_of_input, stop_on_signal
from comporta.cli.words import words as say
from comporta.records.job import Job, JobPriority, JobValue

if TYPE_CHECKING:
    from comporta.acts.jobs.listing import JobList, JobView
    from comporta.acts.jobs.worker import JobNotice
    from comporta.records import Run

JobNamed = Annotated[str, Parameter(help=say.JOB_ID, **offered.completes(offered.jobs))]
_COLUMNS = ("job", "act", "class", "state", "asked", "took", "about")


def jobs(
    *,
    limit: Annotated[int, Parameter(help=say.JOB_LIMIT, show_default=True, validator=between(1))] = 20,
    project: Where = None,
    json: AsJson = False,
) -> None:
    """The jobs at work, those that wait, and those that ended; and the runs that no job began."""
    from comporta.acts.jobs.listing import job_list
    from comporta.opened.project import open_project

    with open_project(project) as opened:
        found = job_list(opened, limit)
    if json:
        shown.json(found)
    elif not (found.running or found.waiting or found.ended or found.runs):
        shown.aside(say.NO_JOBS)
    else:
        _show_list(found)


def show(job: JobNamed, /, *, project: Where = None, json: AsJson = False) -> None:
    """One job: what was asked for, its attempts, and what its last one printed where it did not end well."""
    from comporta.acts.jobs.listing import job_view
    from comporta.opened.project import open_project

    with open_project(project) as opened:
        found = job_view(opened, job)
    if json:
        shown.json(found)
        return
    shown.table("Jobs", _COLUMNS, [_row(found)])
    if reason := shown.say(found.job.reason):
        shown.line(reason)
    if found.job.result:
        shown.line(", ".join(f"{name}: {_value(value)}" for name, value in found.job.result.items()))
    if found.log:
        shown.line(found.log.rstrip("\n"))


def cancel(job: JobNamed, /, *, project: Where = None, json: AsJson = False) -> None:
    """End a job: one that waits at once, one that runs with every process that it started.

    Or a run that somebody began in a terminal, by its id: its steps are ended, and the terminal says so.
    """
    from comporta.acts.jobs import ask
    from comporta.opened.project import open_project

    with open_project(project) as opened:
        done = ask.cancel(opened, job)
    if not isinstance(done, Job):
        text = say.RUN_CANCELLING
    else:
        text = say.JOB_CANCELLED if done.state == "cancelled" else say.JOB_CANCELLING
    _tell(done, text.format(job=done.id), json)


def retry(job: JobNamed, /, *, project: Where = None, json: AsJson = False) -> None:
    """Have a job that failed, was cancelled or quarantined carried out again, from its first attempt."""
    from comporta.acts.jobs import ask
    from comporta.opened.project import open_project

    with open_project(project) as opened:
        done = ask.retry(opened, job)
    _tell(done, say.JOB_RETRIED.format(job=done.id), json)


def raise_(
    job: JobNamed,
    /,
    *,
    to: Annotated[JobPriority, Parameter(help=say.JOB_PRIORITY, show_default=True)] = "urgent",
    project: Where = None,
    json: AsJson = False,
) -> None:
    """Give a job that waits another class: what is in a higher one is begun first."""
    from comporta.acts.jobs import ask
    from comporta.opened.project import open_project

    with open_project(project) as opened:
        done = ask.raise_priority(opened, job, to)
    _tell(done, say.JOB_RAISED.format(job=done.id, priority=done.request.priority), json)


def work(
    *,
    once: Annotated[bool, Parameter(help=say.JOB_ONCE, negative="")] = False,
    end_with_input: Annotated[bool, Parameter(help=say.JOB_END_WITH_INPUT, negative="")] = False,
    project: Where = None,
    json: AsJson = False,
) -> None:
    """Carry out jobs, one at a time, each in a process of its own; and ask for what schedules say is due.

    Start as many workers as there is room for.

    A worker that is killed loses no job: another goes on with it within seconds. Interrupted, it ends what it
    works on, and that waits again.
    """
    from comporta.acts.jobs.scheduler import DeclaredSchedules, Scheduler
    from comporta.acts.jobs.worker import open_worker
    from comporta.opened.deployed import open_deployed
    from comporta.opened.project_place import place_of

    def tell(notice: JobNotice) -> None:
        if json:
            shown.json_line(notice._asdict())
        else:
            shown.line(_notice(notice))

    with open_deployed(project, works=False) as opened, stop_on_signal() as stop:
        works = open_worker(opened, tell)
        scheduler = Scheduler(opened, DeclaredSchedules(place_of(opened)), shown.aside)
        if end_with_input:
            stop_at_end_of_input(stop)
        if not once:
            threading.Thread(
                target=scheduler.follow, args=(stop,), name="comporta-schedules", daemon=True
            ).start()
        if not once and not json:
            shown.aside(say.JOB_WORKS.format(worker=works.id))
        made = works.work(stop, once=once)
    if once and not json:
        shown.aside(say.JOB_WORKED.format(count=made) if made else say.JOB_NOTHING)


def queue_act(
    act: str,
    arguments: Mapping[str, JobValue],
    priority: JobPriority | None,
    project: Path | None,
    json: bool,
) -> int:
    """Asks for an act as a job, in place of doing it; the exit code."""
    from comporta.acts.jobs.ask import ask
    from comporta.acts.jobs.queued_acts import arguments_of
    from comporta.opened.project import open_project

    with open_project(project) as opened:
        job = ask(opened, act, arguments_of(act, arguments), priority=priority)
    _tell(job, say.JOB_QUEUED.format(job=job.id), json)
    return 0


def _tell(job: Job | Run, text: str, json: bool) -> None:
    if json:
        shown.json(job)
    else:
        shown.line(text)


def _notice(notice: JobNotice) -> str:
    if notice.job is None:
        return say.JOB_WAITS.format(error=notice.error)
    job = notice.job
    texts = {"started": say.JOB_STARTED, "ended": say.JOB_ENDED, "superseded": say.JOB_SUPERSEDED}
    said = texts[notice.happened].format(
        job=job.id,
        what=_what(job),
        attempt=job.attempt,
        state=say.JOB_STATES[job.state],
        seconds=job.seconds,
    )
    reason = shown.say(job.reason) if notice.happened == "ended" else ""
    return f"{said} ({reason})" if reason else said


def _show_list(found: JobList) -> None:
    rows = [_row(each) for each in found.running] + [_run_row(each) for each in found.runs]
    rows += [_row(each) for each in (*found.waiting, *found.ended)]
    shown.table("Jobs", _COLUMNS, rows)


def _row(view: JobView) -> tuple[str, ...]:
    job = view.job
    return (
        job.id,
        _what(job),
        job.request.priority,
        say.JOB_STATES[job.state],
        job.queued.astimezone().strftime("%m-%d %H:%M"),
        f"{job.seconds:.1f} s" if job.seconds else "",
        _about(view),
    )


def _run_row(run: Run) -> tuple[str, ...]:
    steps = say.JOB_STEPS.format(done=len(run.nodes), total=run.total)
    asked = run.started.astimezone().strftime("%m-%d %H:%M")
    return (run.id, run.command, "", say.JOB_STATES["running"], asked, "", f"{steps}, {say.JOB_NO_JOB}")


def _what(job: Job) -> str:
    """The act with what it is about."""
    about = [
        _value(value)
        for name, value in job.request.arguments.items()
        if name in ("models", "version", "dataset")
    ]
    return " ".join((job.request.act, *filter(None, about)))


def _value(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)


def _about(view: JobView) -> str:
    job, parts = view.job, []
    if job.state == "running":
        if view.run is not None:
            parts.append(say.JOB_STEPS.format(done=len(view.run.nodes), total=view.run.total))
        if job.cancel:
            parts.append(say.JOB_CANCEL_ASKED)
    elif job.not_before is not None:
        parts.append(say.JOB_AT.format(at=job.not_before.astimezone().strftime("%m-%d %H:%M:%S")))
    if job.state in ("queued", "running", "parked") and job.attempt > 1 - (job.state == "queued"):
        parts.append(say.JOB_ATTEMPT.format(attempt=job.attempt, attempts=job.request.limits.attempts))
    if job.alone and job.state != "quarantined":
        parts.append(say.JOB_ALONE)
    if job.state not in ("running", "done") and (reason := shown.say(job.reason)):
        parts.append(reason)
    return ", ".join(parts)
