"""The facts of release plans. Part of `records/facts.py`'s list."""

from __future__ import annotations

from typing import ClassVar, Literal

from comporta.records.act_fact import ActFact
from comporta.records.asset import Artifact
from comporta.records.event import Fact
from comporta.records.message import NO_TEXT, Text
from comporta.records.plan import PlanEnd, PlanTerms
from comporta.records.plan_counts import ArmTally, ExposureBin, MetricCounts


class PlanStarted(ActFact, frozen=True, kw_only=True):
    """A version's plan began. control: the champion that it is compared with, or None. carried: the plan of
    the same version whose counts it goes on with, or empty. by: the id of who asked, or empty where it began
    by itself. reason: an artifact of kind `text`, or empty."""

    kind: ClassVar[str] = "plan.started"
    plan: str
    model: str
    version: int
    control: int | None
    terms: PlanTerms
    carried: str = ""
    by: str
    reason: Artifact | str


class PlanExposed(Fact, frozen=True, kw_only=True):
    """Units that were answered first in these bins, one after the other. tallies: of all requests so far,
    canary first."""

    kind: ClassVar[str] = "plan.exposed"
    plan: str
    bins: tuple[ExposureBin, ...]
    tallies: tuple[ArmTally, ...]


class PlanCounted(Fact, frozen=True, kw_only=True):
    """What came of the units of the next bins, whose horizon is over. Nothing changes a count that was taken.
    bins: how many, within one season. counts: of their units alone. season: how many whole seasons are over
    with them."""

    kind: ClassVar[str] = "plan.counted"
    plan: str
    outcome: str
    bins: int
    counts: MetricCounts
    season: int


class PlanCompared(Fact, frozen=True, kw_only=True):
    """What the version answers to requests that the one before answered. rows, different: how many, and of
    these those it answers otherwise. column, slice_rows, slice_different: of the slice with the largest share
    of them, by which column it is one; empty and 0 where there are no slices."""

    kind: ClassVar[str] = "plan.compared"
    plan: str
    rows: int
    different: int
    column: str = ""
    slice_rows: int = 0
    slice_different: int = 0


class PlanStepped(Fact, frozen=True, kw_only=True):
    """It goes on with this step of its terms, from 0."""

    kind: ClassVar[str] = "plan.stepped"
    plan: str
    step: int


class PlanSteered(ActFact, frozen=True, kw_only=True):
    """Somebody had it wait, or go on. by: their id."""

    kind: ClassVar[str] = "plan.steered"
    plan: str
    act: Literal["pause", "resume"]
    by: str


class PlanEnded(ActFact, frozen=True, kw_only=True):
    """It is over, and the traffic is where the release of the same transaction says. why: a code with its
    figures. by: the id of who ended it; empty where the plan did."""

    kind: ClassVar[str] = "plan.ended"
    plan: str
    end: PlanEnd
    why: Text = NO_TEXT
    by: str = ""
