"""Asking for a job, and what is done with one: cancelled, retried, given another class."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

import msgspec

from comporta import jobs
from comporta.acts.jobs.queued_acts import arguments_of, queued_act
from comporta.acts.jobs.rules import claim_rules
from comporta.engine import CANCELS, RUNS
from comporta.errors import BadProject, Forbidden, NotFound, Refused
from comporta.jobs import ClaimRules
from comporta.opened.permission import Permission, permission, require_permission
from comporta.opened.project import OpenProject
from comporta.records import Record, Run, Transaction
from comporta.records.act_fact import ActFact
from comporta.records.job import Job, JobLimits, JobPriority, JobRequest, JobValue, Tick
from comporta.records.job_facts import RunCancelled

TICK_KEYS = "tick/"
"""How the keys begin of the jobs that schedules ask for."""
_FIRST_YEAR, _LAST_YEAR = 2000, 2999


def ask(
    opened: OpenProject,
    act: str,
    arguments: Record,
    *,
    priority: JobPriority | None = None,
    pool: str = "",
    limits: JobLimits = JobLimits(),  # noqa: B008 - a frozen record
    key: str = "",
    not_before: datetime | None = None,
) -> Job:
    """The job, recorded: once this returns it outlives any process. key: where a job of this key was asked
    for, that one. priority: None: the act's own. Raises BadProject, also on limits that no attempt could
    keep; NotFound, Forbidden."""
    if key.startswith(TICK_KEYS):  # else whoever takes it keeps the schedule from its job
        raise BadProject(f"job: key: found {key!r}, expected none that begins with {TICK_KEYS}: schedules'.")
    for name, text in (("key", key), ("pool", pool)):
        if not text.isprintable():
            raise BadProject(f"job: {name}: found {text!r}, expected printable characters alone.")
    request = JobRequest(
        act=act,
        arguments=msgspec.convert(msgspec.to_builtins(arguments), dict[str, JobValue]),
        priority=priority or queued_act(act).priority,
        pool=pool,
        limits=limits,
        key=key,
        not_before=None if not_before is None else _in_utc(not_before),
    )
    job = _record(opened, request)
    assert job is not None, "no tick passed"
    return job


def _in_utc(at: datetime) -> datetime:
    """By which jobs are put in order. Raises BadProject."""
    if at.tzinfo is None:
        raise BadProject(f"job: not_before: found {at.isoformat()}, expected a time zone too.")
    try:
        found = at.astimezone(UTC)
    except OverflowError:
        found = None
    if found is None or not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        raise BadProject(
            f"job: not_before: found {at.isoformat()}, expected a time from {_FIRST_YEAR} to {_LAST_YEAR}."
        )
    return found


def ask_for_tick(
    opened: OpenProject, act: str, arguments: Record, priority: JobPriority, tick: Tick
) -> Job | None:
    """The job of this tick, which is one however many ask at once; None where a newer one was asked for
    meanwhile. Raises as `ask`."""
    request = JobRequest(
        act=act,
        arguments=msgspec.convert(msgspec.to_builtins(arguments), dict[str, JobValue]),
        priority=priority,
        key=tick_key(tick),
        tick=tick,
    )
    return _record(opened, request)


def tick_key(tick: Tick) -> str:
    """The key of the job of this tick."""
    return f"{TICK_KEYS}{tick.schedule}/{tick.at:%Y-%m-%dT%H:%MZ}"


def _record(opened: OpenProject, request: JobRequest) -> Job | None:
    """The job, recorded unless there is one of its key; None for a tick that is passed."""
    _require_limits(request.limits, claim_rules(opened.settings))
    who = queued_act(request.act).permit(opened, arguments_of(request.act, request.arguments))
    by, tick = who.identify(), request.tick

    def act_in(tx: Transaction) -> Job | None:
        found = jobs.enqueue(tx, request, by)
        if isinstance(found, Job):
            return found
        # Decided here, where nobody else asks: two may have looked at what is due at the same time.
        if tick is not None and jobs.is_passed(tx, tick):
            return None
        who.record(tx, lambda view: (found,))
        return jobs.job_of(tx, found.job)

    return opened.ledger.transact(act_in)


def _require_limits(limits: JobLimits, rules: ClaimRules) -> None:
    for name, low, high in (("attempts", 1, 100), ("seconds", 1.0, 1e9), ("backoff", 0.0, 1e6)):
        value = getattr(limits, name)
        if not low <= value <= high:  # a NaN is in no range
            raise BadProject(f"job: {name}: found {value!r}, expected {low:g} to {high:g}.")
    if rules.cap is not None and limits.seconds > rules.cap:
        raise BadProject(
            f"job: seconds: found {limits.seconds:g}, more than a day has by `machine_hours` "
            f"({rules.cap:g}): it would never begin. Lower it, or raise `machine_hours`."
        )


def find_job(opened: OpenProject, name: str) -> Job:
    """The job of this id, or of its beginning. Raises NotFound."""
    found = opened.ledger.scan(jobs.JOBS, name, limit=2) if name else []
    if not found and name and (runs := opened.ledger.scan(RUNS, name, limit=1)):
        id, run = runs[0]
        can = "" if run.ended is not None else f" It can be cancelled: comporta job cancel {id}"
        raise NotFound(f"found no job of id {name!r}: {id} is a run that somebody began without one.{can}")
    if len(found) != 1:
        many = "several jobs" if found else "no job"
        raise NotFound(f"found {many} of id {name!r}, expected one. List them: comporta jobs")
    return found[0][1]


def cancel(opened: OpenProject, name: str) -> Job | Run:
    """The job, its end asked for: one that waits is cancelled now, one that runs by its worker, which says
    so once its processes are dead. name: its id, or the beginning of it; or that of a run that no job began,
    which its own process ends. Raises NotFound, Refused, Forbidden."""
    if (run := _run_without_job(opened, name)) is not None:
        return _cancel_run(opened, run)
    return _decide(opened, name, lambda tx, id, by: _some(jobs.cancel(tx, id, by)), permit_end)


def _run_without_job(opened: OpenProject, name: str) -> Run | None:
    """The run of this id, or of its beginning, where no job is called so."""
    if not name or opened.ledger.scan(jobs.JOBS, name, limit=1):
        return None
    found = opened.ledger.scan(RUNS, name, limit=2)
    return found[0][1] if len(found) == 1 else None


def _cancel_run(opened: OpenProject, run: Run) -> Run:
    who = permission(opened, "train.run", nameless=True)
    by = who.identify()

    def act(tx: Transaction) -> Run:
        known = tx.get(RUNS, run.id)
        of_job = next(
            (each for _, each in tx.scan(jobs.RUNNING) if jobs.job_of(tx, each.job).run == run.id), None
        )
        if of_job is not None:
            raise Refused(f"run {run.id}: it is of a job. Cancel that: comporta job cancel {of_job.job}")
        if known is None or known.ended is not None:
            raise Refused(f"run {run.id}: it has ended. There is nothing to cancel.")
        if tx.get(CANCELS, run.id) is None:
            who.record(tx, lambda view: (RunCancelled(run=run.id, by=by),))
        return known

    return opened.ledger.transact(act)


def retry(opened: OpenProject, name: str) -> Job:
    """The job, waiting again, from its first attempt. Raises NotFound, Refused, Forbidden."""
    return _decide(opened, name, lambda tx, id, by: (jobs.retry(tx, id, by),))


def raise_priority(opened: OpenProject, name: str, priority: JobPriority) -> Job:
    """The job in another class, ahead of what is in lower ones. Raises NotFound, Refused, Forbidden."""
    return _decide(opened, name, lambda tx, id, by: _some(jobs.raise_priority(tx, id, priority, by)))


def _some(fact: ActFact | None) -> tuple[ActFact, ...]:
    return () if fact is None else (fact,)


def _decide(
    opened: OpenProject,
    name: str,
    decide: Callable[[Transaction, str, str], Iterable[ActFact]],
    permits: Callable[[OpenProject, Job], Permission] | None = None,
) -> Job:
    try:
        job = find_job(opened, name)
    except NotFound:
        require_permission(opened, "train.run")  # whoever may do nothing with a job is told no more
        raise
    who = (permits or permit)(opened, job)
    by = who.identify()

    def act(tx: Transaction) -> Job:
        who.record(tx, lambda view: decide(tx, job.id, by))
        return jobs.job_of(tx, job.id)

    return opened.ledger.transact(act)


def permit(opened: OpenProject, job: Job) -> Permission:
    """Who asks, where they may ask for such a job. Raises Forbidden; NotFound where what it is about is gone
    from the project."""
    request = job.request
    return queued_act(request.act).permit(opened, arguments_of(request.act, request.arguments))


def permit_end(opened: OpenProject, job: Job) -> Permission:
    """Who asks, where they may end such a job: also where nobody can ask for one any more, for the project's
    file is broken or what the job is about is gone; then whoever may run any model. Raises Forbidden."""
    try:
        return permit(opened, job)
    except Forbidden:
        raise
    except (BadProject, NotFound, Refused):
        return permission(opened, "train.run", nameless=True)
