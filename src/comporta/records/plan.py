"""A release plan under way: its terms as they were when it began, and what came of it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from comporta.records.asset import Artifact
from comporta.records.freeze import Freeze
from comporta.records.message import NO_TEXT, Text
from comporta.records.outcome import Better, OutcomeSource
from comporta.records.plan_counts import ArmTally, ExposureBin, MetricCounts
from comporta.records.record import Record
from comporta.records.release_plan import Comparison

PlanKind = Literal["blue_green", "canary", "shadow"]
PlanState = Literal["running", "paused", "ended"]
PlanEnd = Literal["promoted", "rolled_back", "inconclusive", "aborted", "compared"]
"""How a plan ended. inconclusive: at its deadline, undecided, with the traffic back where it was. compared: a
shadow, that saw all that it was asked to see."""


class MetricTerms(Record, frozen=True, kw_only=True):
    """A metric of a plan. outcome: its name. horizon: seconds. center: of a number, the mean of before,
    around which bets are placed. The rest as of `Outcome` and `ReleaseMetric`."""

    outcome: str
    of: OutcomeSource
    better: Better
    horizon: float
    cap: tuple[float, ...] | None = None
    limit: float | None = None
    margin: float
    harm: float
    superior: bool = False
    budget: float = 0.2
    center: float | None = None


class FuseTerms(Record, frozen=True, kw_only=True):
    """As `Fuse` has it; latency in milliseconds."""

    failures: float
    slow: float
    latency: float | None
    least: int


class PlanTerms(Record, frozen=True, kw_only=True):
    """What was declared, with every span in seconds. steps: shares of units, 0 to ½. season: a whole cycle.
    missing: the share of units without a label that was declared, or None.
    replay, differ: of answers that are compared. keep: how long the version before stays loaded."""

    kind: PlanKind
    steps: tuple[float, ...] = ()
    metrics: tuple[MetricTerms, ...] = ()
    dwell: float = 0.0
    season: float = 0.0
    deadline: float = 0.0
    alpha: float = 0.05
    decide: Comparison = "arms"
    missing: float | None = None
    fuse: FuseTerms | None = None
    holdback: float = 0.0
    replay: int = 0
    differ: float = 0.0
    keep: float = 0.0
    freeze: tuple[Freeze, ...] = ()


class MetricProgress(Record, frozen=True, kw_only=True):
    """What was counted of a metric. bins: of the plan's bins, from the first, those whose horizon is over.
    counts: of all of them. season: how many whole seasons are over. whole: as counts, without an unfinished
    season of the plan that it was carried on from; season_counts: what `whole` was when the last season
    ended."""

    bins: int = 0
    counts: MetricCounts = MetricCounts()
    season: int = 0
    whole: MetricCounts = MetricCounts()
    season_counts: MetricCounts = MetricCounts()


class AnswerComparison(Record, frozen=True, kw_only=True):
    """As `PlanCompared` has it."""

    rows: int
    different: int
    column: str = ""
    slice_rows: int = 0
    slice_different: int = 0

    @property
    def share(self) -> float:
        """Of the rows that are answered otherwise."""
        return self.different / self.rows if self.rows else 0.0


class ReleasePlan(Record, frozen=True, kw_only=True):
    """A plan with what came of it so far.

    id: salts its arms. version: that is tried; control: the champion beside it, None for a first version.
    step: of `terms.steps`, from 0; since: when it began. bins: of exposures, those that some metric still
    waits for, before them `bins_before` were; looked: when the last of them ended. progress: by outcome.
    tallies: of requests, and exposed: units, canary first. compared: the
    answers of both. carried: the plan whose counts it went on with, as
    it tries the same version again; or empty. by, ended_by: the ids of who began and ended it; empty: itself.
    """

    id: str
    model: str
    version: int
    control: int | None
    terms: PlanTerms
    by: str
    reason: Artifact | str
    started: datetime
    state: PlanState = "running"
    step: int = 0
    since: datetime
    looked: datetime
    bins: tuple[ExposureBin, ...] = ()
    bins_before: int = 0
    progress: dict[str, MetricProgress] = {}
    tallies: tuple[ArmTally, ...] = (ArmTally(), ArmTally())
    exposed: tuple[int, ...] = (0, 0)
    compared: AnswerComparison | None = None
    carried: str = ""
    end: PlanEnd | None = None
    ended: datetime | None = None
    why: Text = NO_TEXT
    ended_by: str = ""


PlanAct = Literal["wait", "step", "promote", "roll_back", "inconclusive", "end"]


class PlanDecision(Record, frozen=True, kw_only=True):
    """act: what it does. why: as people read it. step: of `terms.steps`, where it advances."""

    act: PlanAct
    why: Text = NO_TEXT
    step: int = 0
