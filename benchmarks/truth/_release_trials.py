"""Plans tried on drawn units: what each look has seen, for rules that decide of thousands of plans at once.

A scenario draws counts of matured units; here they become what the product counts of them, and what a rule
sees that knows nothing of horizons, units or labels that never come.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from comporta.stats.arm_evidence import arm_evidence
from comporta.stats.claims import Direction, claim_of
from comporta.stats.coin import reaches_above
from comporta.stats.sample_ratio import sample_ratio

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

ALPHA, MARGIN, BASE, UNITS, DAYS = 0.05, 0.1, 0.05, 3000, 56
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
    """What was seen at each look (plans, looks), with the questions already asked of it. ends: (looks,)
    whether a season ends there. harm: of any metric. passed: all. uneven: by the sample ratio. days: (looks,)
    since the first unit matured. naive: canary and control; base: the rate that a fixed limit is set by."""

    days: Floats
    ends: Bools
    harm: Bools
    passed: Bools
    uneven: Bools
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
    looks = design.looks
    harm = np.zeros(metrics[0][0].n.shape, bool)
    passed = np.ones_like(harm)
    for canary, control in metrics:
        harm |= _reached("harm", canary, control, design, design.harm, ALPHA / design.metrics)
        passed &= _reached("non_inferior", canary, control, design, design.margin, ALPHA)
    first, second = metrics[0]
    bar = np.log(2 / 0.001)
    uneven = sample_ratio(first.n, second.n) >= bar
    uneven |= sample_ratio(first.n - first.unlabelled, second.n - second.unlabelled) >= bar
    ends = looks % design.season == 0
    return Trials(
        days=looks, ends=ends, harm=harm, passed=passed, uneven=uneven, naive=naive, base=design.base
    )


def _reached(
    question: Any, canary: Counts, control: Counts, design: Design, margin: float, alpha: float
) -> Bools:
    """Where the product's evidence of a yes reaches 1 / alpha: asked of the points that may reach it."""
    maybe = np.zeros(canary.n.shape, bool)
    claim = claim_of(question, margin, design.better)
    limit = claim.ratio / (1 + claim.ratio)
    events = [
        (arm.bad if design.better == "lower" else arm.n - arm.unlabelled - arm.bad)
        for arm in (canary, control)
    ]
    bar = -np.log(alpha)
    if claim.side == "above":
        maybe = reaches_above(events[0], events[1] + control.unlabelled, limit, bar)
    else:
        maybe = reaches_above(events[1], events[0] + canary.unlabelled, 1 - limit, bar)
    chosen = [Counts(*(each[maybe] for each in arm)) for arm in (canary, control)]
    maybe[maybe] = arm_evidence(question, *chosen, margin, design.better) >= bar
    return maybe


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
