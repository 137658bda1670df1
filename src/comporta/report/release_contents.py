"""A release by plan as data, for people who decide: what came of it, its steps, arms and evidence, what is
excluded."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from comporta.records import Record, Text
from comporta.records.message import NO_TEXT
from comporta.records.outcome import Better
from comporta.records.plan import AnswerComparison, PlanEnd, PlanKind, PlanState

StepState = Literal["over", "current", "next", "left out"]


class ReleaseStep(Record, frozen=True, kw_only=True):
    """share: of units that the version answers in it, 0 to ½. began: None: it has not."""

    share: float
    state: StepState
    began: datetime | None = None


class ReleaseMoment(Record, frozen=True, kw_only=True):
    """What happened, and when. by: who did it; empty: the plan itself."""

    at: datetime
    what: Text
    by: str = ""


class ReleaseArm(Record, frozen=True, kw_only=True):
    """arm: `canary` or `control`. units: that were answered in it first. requests, failed, slow, unlogged: as
    its servers counted them; slow: longer than the fuse allows."""

    arm: str
    version: str
    units: int
    requests: int
    failed: int
    slow: int
    unlogged: int


class ReleaseQuestion(Record, frozen=True, kw_only=True):
    """question: `harm`, `non_inferior` or `superior`. evidence: logarithm of its e-value; limit: at which it
    is answered with yes. settled: whether it is."""

    question: str
    evidence: float
    limit: float
    settled: bool

    @property
    def share(self) -> float:
        """Of the evidence that is needed; below 0 it speaks for the opposite."""
        return self.evidence / self.limit if self.limit else 0.0


class EvidencePoint(Record, frozen=True, kw_only=True):
    """What was known at a time. units: in the smaller arm. evidence: question → logarithm of its e-value.
    ratio, low, high: of the rates, canary over control."""

    at: datetime
    units: int
    evidence: dict[str, float]
    ratio: float | None
    low: float | None
    high: float | None


class ReportedOutcome(Record, frozen=True, kw_only=True):
    """A metric. canary, control: the share of labelled units with a 1, or the mean of a number; None: there
    is none yet. is_share: which. better: what the plan prefers. ratio, low, high: canary over control; of a
    share of which more is better, of the units with a 1. worst: the ratio that is worse by the margin.
    horizon: seconds. units: in the smaller arm, horizon over; unlabelled: the share without a label. seasons:
    whole ones that are over. points: over time."""

    outcome: str
    better: Better
    is_share: bool
    canary: float | None
    control: float | None
    ratio: float | None
    low: float | None
    high: float | None
    worst: float
    margin: float
    horizon: float
    units: int
    unlabelled: float
    seasons: int
    questions: tuple[ReleaseQuestion, ...]
    points: tuple[EvidencePoint, ...] = ()


class ReleaseExclusion(Record, frozen=True, kw_only=True):
    """What does not count, or not as it would. canary, control: how many; None: told of both together.
    why: what follows."""

    what: Text
    canary: int | None
    control: int | None
    total: int
    why: Text


class ExpectedEnd(Record, frozen=True, kw_only=True):
    """units: a day and arm, at the last step, as of late; None: too few are known. at: by when it is expected
    to be promoted, were the versions alike, or as apart as they are where one must be better; None: not
    before the deadline. days: until then. deadline: when it ends undecided."""

    units: float | None
    days: float | None
    at: datetime | None
    deadline: datetime
    needs_better: bool = False


class ReleaseReport(Record, frozen=True, kw_only=True):
    """A release by plan. sentence: what came of it, or stands. why: what it waits for now, or why it ended.
    plan: its id. control: what the version is compared with. alpha: the chance of each wrong decision at
    most; each end of an interval holds with 1 - alpha at every look at once. by: who began it; reason: why.
    holdback: the share of units that stay with the version before. seasons: the ends of whole ones so far.
    compared: answers of both, where they were asked the same.
    carried: the plan whose counts it went on with, or empty."""

    project: str
    version: str
    control: str
    plan: str
    kind: PlanKind
    paired: bool
    state: PlanState
    end: PlanEnd | None
    at: datetime
    started: datetime
    ended: datetime | None
    sentence: Text = NO_TEXT
    why: Text = NO_TEXT
    by: str = ""
    reason: str = ""
    alpha: float
    steps: tuple[ReleaseStep, ...]
    moments: tuple[ReleaseMoment, ...]
    arms: tuple[ReleaseArm, ...]
    outcomes: tuple[ReportedOutcome, ...]
    exclusions: tuple[ReleaseExclusion, ...]
    expected: ExpectedEnd | None
    seasons: tuple[datetime, ...] = ()
    compared: AnswerComparison | None = None
    holdback: float = 0.0
    carried: str = ""

    @property
    def step(self) -> int:
        """The current step, or the last that began, from 1; 0 without any."""
        return sum(each.began is not None for each in self.steps)
