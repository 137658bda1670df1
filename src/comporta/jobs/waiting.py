"""What waits for a worker, in the order in which it is begun: what may begin now by class and age, what may
not yet by when it may."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec

from comporta.jobs.state import state_after
from comporta.records import Changes, Event, Lookup, Projection, Record, View
from comporta.records.job import JOB_PRIORITIES, JobPriority
from comporta.records.job_facts import JobCancelled, JobEnded, JobQueued, JobRaised, JobRetried, JobStarted

_PAGE = 16  # jobs looked at first, where the first may not be the one; eight times as many each time


class WaitingJob(Record, frozen=True, kw_only=True):
    """What a claim must know of a job. hold: seconds of the budget that it asks. not_before: None: at once.
    alone: nothing else may run beside it. waits: it does not run now. again: it waits between two attempts,
    not for a time that somebody named."""

    job: str
    priority: JobPriority
    pool: str
    hold: float
    not_before: datetime | None = None
    alone: bool = False
    waits: bool = True
    again: bool = False

    @property
    def rank(self) -> str:
        """Class, then age: ids sort by time."""
        return f"{JOB_PRIORITIES.index(self.priority)}/{self.job}"


def _job_key(job: str) -> str:
    return f"of/{job}"


def _place(waiting: WaitingJob) -> str:
    """Its key in the order in which jobs begin."""
    if waiting.not_before is None:
        return f"now/{waiting.rank}"
    return f"{_time_key(waiting.not_before)}/{waiting.rank}"


def _time_key(at: datetime) -> str:
    return f"by/{at:%Y%m%dT%H%M%S%f}"


def _changes(old: WaitingJob | None, new: WaitingJob | None) -> Changes[WaitingJob]:
    """From one place of the order to another, or out of it."""
    if old is not None and old.waits:
        yield _place(old), None
    if new is None:
        if old is not None:
            yield _job_key(old.job), None
        return
    yield _job_key(new.job), new
    if new.waits:
        yield _place(new), new


def _on_queued(fact: JobQueued, event: Event, old: Lookup[WaitingJob]) -> Changes[WaitingJob]:
    asked = fact.request
    yield from _changes(
        None,
        WaitingJob(
            job=fact.job,
            priority=asked.priority,
            pool=asked.pool,
            hold=asked.limits.seconds,
            not_before=asked.not_before,
        ),
    )


def _on_started(fact: JobStarted, event: Event, old: Lookup[WaitingJob]) -> Changes[WaitingJob]:
    if (known := old(_job_key(fact.job))) is not None:
        yield from _changes(known, msgspec.structs.replace(known, waits=False, not_before=None, again=False))


def _on_ended(fact: JobEnded, event: Event, old: Lookup[WaitingJob]) -> Changes[WaitingJob]:
    if (known := old(_job_key(fact.job))) is None:
        return
    goes_on = state_after(fact) in ("queued", "parked")
    # One that has ended stays known, so that it can be asked for again.
    yield from _changes(
        known,
        msgspec.structs.replace(
            known, waits=goes_on, not_before=fact.retry_at, alone=fact.alone, again=goes_on
        ),
    )


def _on_cancelled(fact: JobCancelled, event: Event, old: Lookup[WaitingJob]) -> Changes[WaitingJob]:
    if (known := old(_job_key(fact.job))) is not None and known.waits:
        yield from _changes(known, msgspec.structs.replace(known, waits=False))


def _on_retried(fact: JobRetried, event: Event, old: Lookup[WaitingJob]) -> Changes[WaitingJob]:
    if (known := old(_job_key(fact.job))) is not None:
        yield from _changes(
            known, msgspec.structs.replace(known, waits=True, not_before=None, alone=False, again=False)
        )


def _on_raised(fact: JobRaised, event: Event, old: Lookup[WaitingJob]) -> Changes[WaitingJob]:
    if (known := old(_job_key(fact.job))) is not None:
        yield from _changes(known, msgspec.structs.replace(known, priority=fact.priority))


WAITING = Projection(
    "job waiting",
    WaitingJob,
    {
        JobQueued: _on_queued,
        JobStarted: _on_started,
        JobEnded: _on_ended,
        JobCancelled: _on_cancelled,
        JobRetried: _on_retried,
        JobRaised: _on_raised,
    },
)
"""`now/class/job` and `by/time/class/job` → what waits; `of/job` → the same of any job."""


def due(view: View, now: datetime, elapsed: datetime | None = None) -> Iterator[WaitingJob]:
    """What may begin, first what should: by class, then by age. now: UTC. elapsed: see `claim`."""
    delayed = sorted(_over(view, now, elapsed or now), key=lambda each: each.rank)
    left = iter(delayed)
    later = next(left, None)
    for each in _pages(view, "now/"):
        while later is not None and later.rank < each.rank:
            yield later
            later = next(left, None)
        yield each
    while later is not None:
        yield later
        later = next(left, None)


def _over(view: View, now: datetime, elapsed: datetime) -> list[WaitingJob]:
    """The jobs whose wait is over: all of them, for the first may be the one that was delayed longest."""
    found = []
    for each in _pages(view, "by/"):
        if each.not_before is None or each.not_before > max(now, elapsed):
            break
        if each.not_before <= now or each.again:
            found.append(each)
    return found


def _pages(view: View, prefix: str) -> Iterator[WaitingJob]:
    seen, page = 0, _PAGE
    while True:
        found = view.scan(WAITING, prefix, limit=page)
        yield from (each for _, each in found[seen:])
        if len(found) < page:
            return
        seen, page = page, page * 8
