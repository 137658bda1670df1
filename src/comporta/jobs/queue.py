"""What is done with a job: asked for, ended, cancelled, retried, raised. Each within one transaction."""

from __future__ import annotations

import secrets

from comporta.errors import AttemptReplaced, NotFound, Refused
from comporta.jobs.claim import remove_lease
from comporta.jobs.settlement import AttemptEnd, settlement
from comporta.jobs.state import DEATHS, JOB_KEYS, JOBS, RUNNING
from comporta.jobs.ticks import TICKS
from comporta.records import Transaction, View
from comporta.records.job import OPEN_JOBS, Job, JobPriority, JobRequest, Tick
from comporta.records.job_facts import JobCancelled, JobEnded, JobQueued, JobRaised, JobRetried


def is_passed(view: View, tick: Tick) -> bool:
    """Whether a tick of the same schedule was asked for that is newer."""
    newest = view.get(TICKS, tick.schedule)
    return newest is not None and tick.at < newest


def enqueue(tx: Transaction, request: JobRequest, by: str) -> JobQueued | Job:
    """The fact of the request, to be recorded; the earlier job where one of the same key was asked for."""
    earlier = tx.get(JOB_KEYS, request.key) if request.key else None
    if earlier is not None:
        return job_of(tx, earlier)
    return JobQueued(job=_new_id(tx), request=request, by=by)


def _new_id(tx: Transaction) -> str:
    """An id that no job has, above that of every earlier one: while the clock is set back the ledger's time
    stands still, and many are asked for at one moment."""
    at = f"{tx.now():%Y%m%dT%H%M%S%f}"
    newest = tx.scan(JOBS, newest=True, limit=1)
    if not newest or newest[0][0] < at:
        return f"{at}-{secrets.randbelow(1 << 23):06x}"
    # Of the same moment. The last part stays as wide: ids sort as text.
    moment, _, last = newest[0][0].rpartition("-")
    return f"{moment}-{int(last, 16) + 1:06x}"


def job_of(view: View, id: str) -> Job:
    """The job of this id. Raises NotFound."""
    job = view.get(JOBS, id)
    if job is None:
        raise NotFound(f"found no job {id!r}, expected one of those that `comporta jobs` lists.")
    return job


def settle(tx: Transaction, job: str, token: int, end: AttemptEnd) -> Job | None:
    """The job once the end of this attempt is recorded; None, recording nothing, where another attempt took
    its place."""
    running = tx.get(RUNNING, job)
    if running is None or running.token != token:
        return None
    known = job_of(tx, job)
    deaths = 1 + max((tx.get(DEATHS, name) or 0 for name in end.present), default=0)
    follows = settlement(known, end, deaths, tx.now())
    tx.append(
        JobEnded(
            job=job,
            token=token,
            outcome=follows.outcome,
            retry_at=follows.retry_at,
            alone=follows.alone,
            seconds=round(end.seconds, 3),
            run=end.run,
            present=end.present,
            reason=end.reason,
            evidence=end.evidence,
            result=end.result,
        )
    )
    remove_lease(tx, job, token)
    return job_of(tx, job)


def require_holder(view: View, job: str, token: int) -> None:
    """Raises AttemptReplaced unless the attempt with this token is the one that runs."""
    running = view.get(RUNNING, job)
    if running is None or running.token != token:
        raise AttemptReplaced(
            f"job {job}: another attempt took the place of this one, which records nothing more. "
            f"`comporta job show {job}` tells of it."
        )


def cancel(view: View, id: str, by: str) -> JobCancelled | None:
    """The fact that ends a job; None where that was asked already. Raises Refused for one that has ended."""
    job = job_of(view, id)
    if job.cancel or job.state == "cancelled":
        return None
    if job.state not in OPEN_JOBS:
        raise Refused(f"job {id}: it has ended ({job.state}). There is nothing to cancel.")
    return JobCancelled(job=id, by=by)


def retry(view: View, id: str, by: str) -> JobRetried:
    """The fact that begins a job anew. Raises Refused for one that goes on by itself, or is done."""
    job = job_of(view, id)
    if job.state in ("queued", "running"):
        raise Refused(f"job {id}: it is {job.state}. Let it end, or cancel it first.")
    if job.state == "done":
        raise Refused(f"job {id}: it is done. Ask for it anew.")
    return JobRetried(job=id, present=job.present, by=by)


def raise_priority(view: View, id: str, priority: JobPriority, by: str) -> JobRaised | None:
    """The fact that gives a job another class; None where it has it. Raises Refused unless it waits."""
    job = job_of(view, id)
    if job.state not in ("queued", "parked"):
        raise Refused(f"job {id}: it is {job.state}, and waits for nothing.")
    return None if job.request.priority == priority else JobRaised(job=id, priority=priority, by=by)
