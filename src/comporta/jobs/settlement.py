"""What follows the end of an attempt: nothing more, another attempt, or that nobody tries again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from comporta.records import NO_TEXT, Artifact, Text
from comporta.records.job import AttemptOutcome, Job, JobValue

DEATHS_ALONE = 3
"""After a step ran at so many deaths of a process it runs alone; if that dies too, it is not run again."""
PARKED = timedelta(seconds=60)
"""How long a job waits that found no room to write; as often as it takes."""
LONGEST_BACKOFF = 600.0
"""Seconds between two attempts at most."""
AGAIN: frozenset[AttemptOutcome] = frozenset(("died", "timeout", "lost", "busy"))
"""Ends after which another attempt may come right. What an act itself refused or failed would fail again."""


class AttemptEnd(NamedTuple):
    """What a worker saw of an attempt. seconds: that it took. run: that it began. present: recipes of the
    steps that ran when a process died. evidence: what it printed. result: what the act gave."""

    outcome: AttemptOutcome
    seconds: float = 0.0
    run: str = ""
    present: tuple[str, ...] = ()
    reason: Text = NO_TEXT
    evidence: Artifact | None = None
    result: dict[str, JobValue] = {}


class Settlement(NamedTuple):
    """outcome: as it is recorded. retry_at: None: no further attempt. alone: that runs with nothing beside
    it."""

    outcome: AttemptOutcome
    retry_at: datetime | None
    alone: bool


def settlement(job: Job, end: AttemptEnd, deaths: int, now: datetime) -> Settlement:
    """What follows. job: while it ran. deaths: the most at which any of the steps present ran, this one
    counted. now: of the ledger."""
    if job.cancel and end.outcome != "done":
        return Settlement("cancelled", None, alone=False)
    if end.outcome == "stopped":
        return Settlement("stopped", now, job.alone)
    if end.outcome == "parked":
        return Settlement("parked", now + PARKED, job.alone)
    if end.outcome == "died" and deaths > DEATHS_ALONE:
        return Settlement("quarantined", None, alone=False)
    if end.outcome == "died" and deaths == DEATHS_ALONE:
        # Whatever its attempts: whether it dies by itself or of what runs beside it is to be found out.
        return Settlement("died", now + _backoff(job), alone=True)
    if end.outcome not in AGAIN or job.attempt >= job.request.limits.attempts:
        return Settlement(end.outcome, None, alone=False)
    # That a worker died is no fault of the job: it goes on at once, as often as it may be begun.
    return Settlement(end.outcome, now if end.outcome == "lost" else now + _backoff(job), job.alone)


def _backoff(job: Job) -> timedelta:
    seconds = job.request.limits.backoff * 2.0 ** min(max(job.attempt - 1, 0), 30)
    return timedelta(seconds=min(seconds, LONGEST_BACKOFF))
