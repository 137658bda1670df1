"""Jobs: acts that somebody or something asked for, and that a worker carries out."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from comporta.records.asset import Artifact
from comporta.records.message import NO_TEXT, Text
from comporta.records.record import Record

JobValue = str | int | float | bool | None | tuple[str, ...]
"""An argument of a job, or a part of its result: a plain JSON value."""

JobPriority = Literal["urgent", "release", "build", "search", "upkeep"]
JOB_PRIORITIES: tuple[JobPriority, ...] = ("urgent", "release", "build", "search", "upkeep")
"""Classes of jobs, the first first. Within a class the oldest is first."""

JobState = Literal["queued", "running", "parked", "done", "failed", "cancelled", "quarantined"]
OPEN_JOBS: frozenset[JobState] = frozenset(("queued", "running", "parked"))
"""States from which a job goes on by itself."""

AttemptOutcome = Literal[
    "done", "failed", "died", "timeout", "lost", "busy", "parked", "stopped", "cancelled", "quarantined"
]
"""How an attempt ended. died: its process, or one of a step. lost: its worker was not heard of any more.
busy: what it needs could not be reached. parked: there was no room to write.
stopped: its worker was asked to end."""


class JobLimits(Record, frozen=True, kw_only=True):
    """attempts: how often it is begun at most. seconds: that an attempt may take; held of the budget while it
    runs. backoff: seconds before the second attempt, doubled before each further one."""

    attempts: int = 3
    seconds: float = 3600.0
    backoff: float = 10.0


class Tick(Record, frozen=True, kw_only=True):
    """When a schedule asked. at: the tick itself, UTC, not when it was noticed."""

    schedule: str
    at: datetime


class JobRequest(Record, frozen=True, kw_only=True):
    """What is asked for. act: its name in the table of acts. arguments: as that act takes them; no personal
    value. pool: jobs of one pool run only so many at a time; empty: no limit. key: a second request with it
    is the first one; empty: each is one of its own. not_before: when it may begin, or None: at once.
    tick: of a schedule that asked, or None."""

    act: str
    arguments: dict[str, JobValue] = {}
    priority: JobPriority = "build"
    pool: str = ""
    limits: JobLimits = JobLimits()
    key: str = ""
    not_before: datetime | None = None
    tick: Tick | None = None


class Job(Record, frozen=True, kw_only=True):
    """A request with what came of it. id: sorts by time. by: the id of who asked, or empty.

    attempt: how many were begun since it was asked for, or asked for again. token: of the newest; what is
    done under an older one is refused. alone: nothing else runs beside the next attempt. cancel: somebody
    asked for its end while it runs. run: the id of the run that it began, or empty.
    present: the steps, by recipe, that ran when its process died last.
    reason, evidence: of how its last attempt ended; evidence: what its process printed. result: what the act
    gave. seconds: that its attempts took, together.
    """

    id: str
    request: JobRequest
    by: str
    queued: datetime
    state: JobState = "queued"
    attempt: int = 0
    token: int = 0
    not_before: datetime | None = None
    alone: bool = False
    present: tuple[str, ...] = ()
    cancel: bool = False
    started: datetime | None = None
    ended: datetime | None = None
    run: str = ""
    outcome: AttemptOutcome | None = None
    reason: Text = NO_TEXT
    evidence: Artifact | None = None
    result: dict[str, JobValue] = {}
    seconds: float = 0.0
