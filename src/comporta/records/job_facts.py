"""The facts of jobs. Part of `records/facts.py`'s list."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from comporta.records.act_fact import ActFact
from comporta.records.asset import Artifact
from comporta.records.event import Fact
from comporta.records.job import AttemptOutcome, JobPriority, JobRequest, JobValue
from comporta.records.message import NO_TEXT, Text


class JobQueued(ActFact, frozen=True, kw_only=True):
    """Somebody or something asked for an act. by: the id of who asked, or empty."""

    kind: ClassVar[str] = "job.queued"
    job: str
    request: JobRequest
    by: str = ""


class JobStarted(Fact, frozen=True, kw_only=True):
    """A worker began an attempt. token: rises with each attempt of the job. worker: the id of its process.
    hold: seconds of the budget that it holds until it ends. pool: of the request. alone: nothing else runs
    beside it."""

    kind: ClassVar[str] = "job.started"
    job: str
    token: int
    worker: str
    hold: float
    pool: str = ""
    alone: bool = False


class JobEnded(Fact, frozen=True, kw_only=True):
    """An attempt ended. retry_at: when the next may begin; None: none follows. seconds: that it took; what
    was held above them is free again. run: that it began, or empty. present: the steps, by recipe, that ran
    when its process died, or the job itself where none did. evidence: what it printed."""

    kind: ClassVar[str] = "job.ended"
    job: str
    token: int
    outcome: AttemptOutcome
    retry_at: datetime | None = None
    alone: bool = False
    seconds: float = 0.0
    run: str = ""
    present: tuple[str, ...] = ()
    reason: Text = NO_TEXT
    evidence: Artifact | None = None
    result: dict[str, JobValue] = {}


class JobCancelled(ActFact, frozen=True, kw_only=True):
    """Somebody asked for a job's end. One that runs is ended by its worker, which then says so."""

    kind: ClassVar[str] = "job.cancelled"
    job: str
    by: str


class JobRetried(ActFact, frozen=True, kw_only=True):
    """Somebody asked for a job again, from its first attempt. present: the steps whose deaths count no
    more."""

    kind: ClassVar[str] = "job.retried"
    job: str
    present: tuple[str, ...]
    by: str


class JobRaised(ActFact, frozen=True, kw_only=True):
    """Somebody gave a job that waits another class."""

    kind: ClassVar[str] = "job.raised"
    job: str
    priority: JobPriority
    by: str


class RunCancelled(ActFact, frozen=True, kw_only=True):
    """Somebody asked for the end of a run that no job began. Its own process ends it, and says so."""

    kind: ClassVar[str] = "run.cancelled"
    run: str
    by: str
