"""Plans tried on drawn units: what each look has seen, for rules that decide of thousands of plans at once.

A scenario draws counts of matured units; here they become what the product counts of them, and what a rule
sees that knows nothing of horizons, units or labels that never come.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from comporta.stats.arm_evidence import arm_evidence
from comporta.stats.claims import Direction, Question, claim_of
from comporta.stats.coin import most_above
from comporta.stats.sample_ratio import sample_ratio

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

ALPHA, MARGIN, BASE, UNITS, DAYS = 0.05, 0.1, 0.05, 3000, 56
FAINT = 2.0
"""Logarithms of e-values below it decide nothing at any alpha here."""
Truth = Literal["good", "bad", "either"]
"""good: to roll it back is wrong. bad: to promote it is wrong. either: inside the margin, and worse."""


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One arm of a scenario. rate: of bad units, a number or one a look. untold_bad, untold_good: shares of
    such units whose label never comes, or that are erased before they mature. lost: share of units whose
    answer was not logged; silent: and nobody counted them. delay: looks until a bad label comes; a good one
    comes at once. extra: bad units more at each look."""

    rate: float | Floats
    untold_bad: float = 0.0
    untold_good: float = 0.0
    lost: float = 0.0
    silent: bool = False
    delay: int = 0
    extra: int | Floats = 0


class Counts(NamedTuple):
    """Of an arm until each look, (plans, looks)."""

    n: Floats
    bad: Floats
    unlabelled: Floats


class NaiveArm(NamedTuple):
    """What a rule sees that takes what has arrived: rows n, the sum of their outcomes and of the squares."""

    n: Floats
    total: Floats
    squares: Floats


@dataclass(frozen=True, kw_only=True)
class Trials:
    """What was seen at each look, as logarithms of e-values; where one is far from deciding anything -inf.

    harm, passed: of each metric, that it is harmed, and that it is non-inferior: (metrics, plans, looks).
    uneven: of each stage that units reach, that the arms differ in it: (stages, plans, looks). days: (looks,)
    since the first unit matured. ends: (looks,) whether a season ends there. naive: canary and control. base:
    the rate that a fixed bar is set by."""

    days: Floats
    ends: Bools
    harm: Floats
    passed: Floats
    uneven: Floats
    naive: tuple[NaiveArm, NaiveArm]
    base: float = BASE


@dataclass(frozen=True, kw_only=True)
class Design:
    """How a plan looks. ticks: looks a day. units: a day and arm. alike: outcomes that a unit has, all the
    same, each of which a rule that counts rows counts."""

    units: float = UNITS
    days: int = DAYS
    ticks: int = 1
    margin: float = MARGIN
    harm: float = 0.0
    better: Direction = "lower"
    metrics: int = 1
    alike: int = 1
    season: int = 7
    base: float = BASE

    @property
    def looks(self) -> Floats:
        return np.arange(1, self.days * self.ticks + 1) / self.ticks


def drawn(draw: np.random.Generator, design: Design, canary: Arm, control: Arm, plans: int) -> Trials:
    """Plans of one metric."""
    arms = [_observed(draw, design, each, plans) for each in (canary, control)]
    return trials_of(design, [(arms[0][0], arms[1][0])], (arms[0][1], arms[1][1]))


def trials_of(
    design: Design, metrics: Sequence[tuple[Counts, Counts]], naive: tuple[NaiveArm, NaiveArm]
) -> Trials:
    """What the product's evidence says of these counts. metrics: canary and control of each."""
    first, second = metrics[0]
    stages = [(first.n, second.n), (first.n - first.unlabelled, second.n - second.unlabelled)]
    return Trials(
        days=design.looks,
        ends=design.looks % design.season == 0,
        harm=np.array([_log_evidence("harm", *each, design, design.harm) for each in metrics]),
        passed=np.array([_log_evidence("non_inferior", *each, design, design.margin) for each in metrics]),
        uneven=np.array([sample_ratio(*each) for each in (stages[0], *stages)]),
        naive=naive,
        base=design.base,
    )


def _log_evidence(
    question: Question, canary: Counts, control: Counts, design: Design, margin: float
) -> Floats:
    """The product's log e-value of a yes at each look where it may be more than faint."""
    claim = claim_of(question, margin, design.better)
    limit = claim.ratio / (1 + claim.ratio)
    mine, theirs = (
        arm.bad if design.better == "lower" else arm.n - arm.unlabelled - arm.bad for arm in (canary, control)
    )
    if claim.side == "above":
        most = most_above(mine, theirs + control.unlabelled, limit)
    else:
        most = most_above(theirs, mine + canary.unlabelled, 1 - limit)
    found, maybe = np.full(most.shape, -np.inf), most >= FAINT
    arms = [Counts(*(each[maybe] for each in arm)) for arm in (canary, control)]
    found[maybe] = arm_evidence(question, *arms, margin, design.better)
    return found


def _observed(draw: np.random.Generator, design: Design, arm: Arm, plans: int) -> tuple[Counts, NaiveArm]:
    shape = (plans, design.days * design.ticks)
    rate = np.broadcast_to(np.asarray(arm.rate, float), shape)
    n = draw.poisson(design.units / design.ticks, shape)
    bad = draw.binomial(n, rate) + np.minimum(np.asarray(arm.extra, np.int64), n)
    bad = np.minimum(bad, n)
    lost_bad, lost_good = draw.binomial(bad, arm.lost), draw.binomial(n - bad, arm.lost)
    seen_bad, seen_good = bad - lost_bad, n - bad - lost_good
    told_bad = seen_bad - draw.binomial(seen_bad, arm.untold_bad)
    told_good = seen_good - draw.binomial(seen_good, arm.untold_good)
    known = n - lost_bad - lost_good if arm.silent else n
    counts = Counts(
        *(each.cumsum(axis=1).astype(float) for each in (known, told_bad, known - told_bad - told_good))
    )
    late = np.concatenate([np.zeros((plans, arm.delay), int), told_bad], axis=1)[:, : shape[1]]
    rows = (late + told_good).cumsum(axis=1) * float(design.alike)
    events = (late if design.better == "lower" else told_good).cumsum(axis=1) * float(design.alike)
    return counts, NaiveArm(rows, events, events)
