"""Jobs as projections of their facts: each job, what waits, what runs, what was spent, which steps died."""

from __future__ import annotations

from datetime import datetime

import msgspec

from comporta.records import Changes, Event, Lookup, Projection, Record
from comporta.records.facts import RunStarted, StepAnswered
from comporta.records.job import AttemptOutcome, Job, JobState
from comporta.records.job_facts import JobCancelled, JobEnded, JobQueued, JobRaised, JobRetried, JobStarted


class RunningJob(Record, frozen=True, kw_only=True):
    """An attempt that runs. since: when it began."""

    job: str
    token: int
    worker: str
    pool: str
    hold: float
    alone: bool
    since: datetime


def day_key(at: datetime) -> str:
    """The day, UTC, to which what an attempt took is counted."""
    return f"{at:%Y-%m-%d}"


UNCOUNTED: frozenset[AttemptOutcome] = frozenset(("parked", "stopped"))
"""Ends that are no fault of the job: its attempts count without these."""


def state_after(fact: JobEnded) -> JobState:
    """What a job is once an attempt ended so."""
    if fact.outcome in ("done", "cancelled", "quarantined"):
        return fact.outcome
    if fact.outcome == "parked":
        return "parked"
    return "failed" if fact.retry_at is None else "queued"


def _apply_queued(fact: JobQueued, event: Event, old: Lookup[Job]) -> Changes[Job]:
    request = fact.request
    yield (
        fact.job,
        Job(id=fact.job, request=request, by=fact.by, queued=event.at, not_before=request.not_before),
    )


def _apply_started(fact: JobStarted, event: Event, old: Lookup[Job]) -> Changes[Job]:
    if (job := old(fact.job)) is not None:
        yield (
            fact.job,
            msgspec.structs.replace(
                job,
                state="running",
                attempt=job.attempt + 1,
                token=fact.token,
                not_before=None,
                started=job.started or event.at,
                run="",
            ),
        )


def _apply_ended(fact: JobEnded, event: Event, old: Lookup[Job]) -> Changes[Job]:
    if (job := old(fact.job)) is None:
        return
    state = state_after(fact)
    yield (
        fact.job,
        msgspec.structs.replace(
            job,
            state=state,
            attempt=job.attempt - (fact.outcome in UNCOUNTED),
            not_before=fact.retry_at,
            alone=fact.alone,
            present=fact.present,
            ended=None if state in ("queued", "parked") else event.at,
            run=fact.run or job.run,
            outcome=fact.outcome,
            reason=fact.reason,
            evidence=fact.evidence,
            result=fact.result,
            seconds=job.seconds + fact.seconds,
        ),
    )


def _apply_cancelled(fact: JobCancelled, event: Event, old: Lookup[Job]) -> Changes[Job]:
    if (job := old(fact.job)) is None:
        return
    if job.state == "running":
        yield fact.job, msgspec.structs.replace(job, cancel=True)
    else:
        yield fact.job, msgspec.structs.replace(job, state="cancelled", not_before=None, ended=event.at)


def _apply_retried(fact: JobRetried, event: Event, old: Lookup[Job]) -> Changes[Job]:
    if (job := old(fact.job)) is not None:
        yield (
            fact.job,
            msgspec.structs.replace(
                job, state="queued", attempt=0, not_before=None, alone=False, cancel=False, ended=None
            ),
        )


def _apply_raised(fact: JobRaised, event: Event, old: Lookup[Job]) -> Changes[Job]:
    if (job := old(fact.job)) is not None:
        request = msgspec.structs.replace(job.request, priority=fact.priority)
        yield fact.job, msgspec.structs.replace(job, request=request)


def _apply_run_of_job(fact: RunStarted, event: Event, old: Lookup[Job]) -> Changes[Job]:
    if fact.job and (job := old(fact.job)) is not None:
        yield fact.job, msgspec.structs.replace(job, run=fact.run)


JOBS = Projection(
    "job",
    Job,
    {
        JobQueued: _apply_queued,
        JobStarted: _apply_started,
        JobEnded: _apply_ended,
        JobCancelled: _apply_cancelled,
        JobRetried: _apply_retried,
        JobRaised: _apply_raised,
        RunStarted: _apply_run_of_job,
    },
)
"""Job id → the job. Ids sort by time."""


def _key_queued(fact: JobQueued, event: Event, old: Lookup[str]) -> Changes[str]:
    if fact.request.key:
        yield fact.request.key, fact.job


JOB_KEYS = Projection("job key", str, {JobQueued: _key_queued})
"""The key of a request → the job that it became."""


def _running_started(fact: JobStarted, event: Event, old: Lookup[RunningJob]) -> Changes[RunningJob]:
    yield (
        fact.job,
        RunningJob(
            job=fact.job,
            token=fact.token,
            worker=fact.worker,
            pool=fact.pool,
            hold=fact.hold,
            alone=fact.alone,
            since=event.at,
        ),
    )


def _running_ended(fact: JobEnded, event: Event, old: Lookup[RunningJob]) -> Changes[RunningJob]:
    yield fact.job, None


RUNNING = Projection("job running", RunningJob, {JobStarted: _running_started, JobEnded: _running_ended})
"""Job id → its attempt that runs."""


def _spent_ended(fact: JobEnded, event: Event, old: Lookup[float]) -> Changes[float]:
    if fact.seconds:
        yield day_key(event.at), (old(day_key(event.at)) or 0.0) + fact.seconds


SPENT = Projection("job seconds", float, {JobEnded: _spent_ended})
"""Day (UTC) → the seconds that attempts took which ended then."""


def _deaths_ended(fact: JobEnded, event: Event, old: Lookup[int]) -> Changes[int]:
    for name in fact.present:
        yield name, (old(name) or 0) + 1


def _deaths_answered(fact: StepAnswered, event: Event, old: Lookup[int]) -> Changes[int]:
    if old(fact.recipe) is not None:
        yield fact.recipe, None


def _deaths_retried(fact: JobRetried, event: Event, old: Lookup[int]) -> Changes[int]:
    for name in fact.present:
        yield name, None


DEATHS = Projection(
    "job deaths",
    int,
    {JobEnded: _deaths_ended, StepAnswered: _deaths_answered, JobRetried: _deaths_retried},
)
"""Recipe, or job → at how many deaths of a process it ran, since it was answered last."""
