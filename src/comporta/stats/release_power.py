"""What a release plan can be expected to decide, before it starts: power, days, and what it could not see.

The plan is tried on drawn counts (for means on sums drawn from the normal distribution, their bets to the
second order), with the evidence that decides in production: harm at each day's end, promotion at the end of
whole seasons. A few hundred trials: shares are known to about two points.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from comporta.records import Record
from comporta.stats.claims import Direction, RatioClaim, claim_of
from comporta.stats.coin import reaches_above
from comporta.stats.paired_evidence import paired_claim_evidence
from comporta.stats.wealth import STAKES, log_mixture

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

TRIALS = 300
ENOUGH = 0.8
"""The power that a plan should have: Cohen's usual one."""
LARGEST_HARM = 9.0
LARGEST_SHARE = 0.5


class PlannedMetric(NamedTuple):
    """An outcome as a plan will see it.

    base: the control's mean: of 0/1 outcomes the share of units with a 1, the one that `better` speaks of.
    deviation: of values, their standard deviation; None for 0/1 outcomes. low, high: the bounds of values.
    units: a day and arm. days: with units whose horizon is over before the deadline. season: days of a whole
    cycle. missing: the share of units that stay unlabelled. metrics: of the plan, which share alpha for harm.
    ratio: of the true means, canary over control. apart: where both versions score the same units, the share
    for which an equal version's outcome is another than the control's; None where there are two arms."""

    base: float
    units: float
    days: int
    deviation: float | None = None
    low: float = 0.0
    high: float = 1.0
    margin: float = 0.1
    harm: float = 0.0
    superior: bool = False
    better: Direction = "lower"
    alpha: float = 0.05
    season: int = 7
    missing: float = 0.0
    metrics: int = 1
    ratio: float = 1.0
    apart: float | None = None


class ReleasePower(Record, frozen=True, kw_only=True):
    """power: the chance to promote a version of the planned ratio before the deadline. days: by when half of
    the trials are promoted; None where fewer than half are. missing: the largest share of unlabelled units
    with a power of 80 %; None where even complete labels give less. harm: the smallest true harm, relative to
    the control's mean, that is seen before the deadline 80 times in 100; None where none is."""

    power: float
    days: int | None
    missing: float | None
    harm: float | None

    @property
    def is_hopeless(self) -> bool:
        """Whether the plan would more likely than not promote no such version."""
        return self.days is None


def release_power(metric: PlannedMetric, seed: int = 0) -> ReleasePower:
    """What a plan with this metric can be expected to decide. Raises ValueError for numbers that no outcome
    can have."""
    _check(metric)
    promoted = _promoted_on(metric, seed)
    power = float(np.isfinite(promoted).mean())
    half = float(np.sort(promoted)[TRIALS // 2])
    return ReleasePower(
        power=power,
        days=int(half) if math.isfinite(half) else None,
        missing=_tolerable_missing(metric, seed),
        harm=_harm_seen(metric, seed),
    )


def promotion_power(metric: PlannedMetric, seed: int = 0) -> float:
    """The chance alone to promote a version of the planned ratio before the deadline. Raises ValueError as
    `release_power` does."""
    _check(metric)
    return float(np.isfinite(_promoted_on(metric, seed)).mean())


def _check(metric: PlannedMetric) -> None:
    for name in ("base", "units", "alpha"):
        if not 0 < (value := getattr(metric, name)) < math.inf:
            raise ValueError(f"{name}: found {value}, expected a number above 0.")
    if metric.deviation is None and not metric.base < 1:
        raise ValueError(f"base: found {metric.base}, expected a share below 1.")
    if metric.apart is not None and not 0 <= metric.apart <= 2 * metric.base:
        raise ValueError(f"apart: found {metric.apart}, expected a share of at most twice the base.")
    if not 0 <= metric.missing < 1:
        raise ValueError(f"missing: found {metric.missing}, expected a share from 0 to below 1.")


def _promoted_on(metric: PlannedMetric, seed: int) -> Floats:
    """The day on which each trial is promoted; infinity where it is rolled back, or undecided."""
    days = np.arange(1, metric.days + 1)
    asked = [claim_of("non_inferior", metric.margin, metric.better)]
    asked += [claim_of("superior", 0.0, metric.better)] if metric.superior else []
    sums = _draw_sums(metric, days, seed)
    ends = days % metric.season == 0
    held = np.ones((TRIALS, int(ends.sum())), bool)
    for claim in asked:
        held &= _where_reached(metric, sums[..., ends], days[ends], claim, math.log(1 / metric.alpha))
    harm = claim_of("harm", metric.harm, metric.better)
    harmed = _where_reached(metric, sums, days, harm, math.log(metric.metrics / metric.alpha))
    last = _first(harmed, days)
    promoted = _first(held, days[ends])
    return np.where(promoted < last, promoted, np.inf)


def _tolerable_missing(metric: PlannedMetric, seed: int) -> float | None:
    def enough(share: float) -> bool:
        promoted = _promoted_on(metric._replace(missing=share), seed)
        return bool(np.isfinite(promoted).mean() >= ENOUGH)

    return _largest(enough, 1e-5, LARGEST_SHARE) if enough(0.0) else None


def _harm_seen(metric: PlannedMetric, seed: int) -> float | None:
    claim = claim_of("harm", metric.harm, metric.better)
    bar = math.log(metric.metrics / metric.alpha)
    # Evidence grows: a dozen looks see nearly all that daily ones do.
    days = np.unique(np.linspace(0, metric.days, 13).astype(int))[1:]
    lower = metric.better == "lower"

    def unseen(size: float) -> bool:
        worse = metric._replace(ratio=1 + size if lower else 1 - size)
        seen = _where_reached(worse, _draw_sums(worse, days, seed), days, claim, bar).any(axis=1)
        return bool(seen.mean() < ENOUGH)

    most = LARGEST_HARM if lower else 0.99
    if metric.deviation is None and lower:
        most = min(most, 0.99 / metric.base - 1)
    if len(days) == 0 or most <= 0 or unseen(most):
        return None
    return _largest(unseen, 1e-4, most)


def _largest(holds: Callable[[float], bool], low: float, high: float) -> float:
    """The largest number, to 5 %, of which this holds, given that it holds of smaller ones too."""
    if not holds(low):
        return 0.0
    if holds(high):
        return high
    while high > 1.05 * low:
        middle = math.sqrt(low * high)
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def _first(reached: Bools, days: NDArray[np.int64]) -> Floats:
    if reached.shape[1] == 0:
        return np.full(len(reached), np.inf)
    return np.where(reached.any(axis=1), days[reached.argmax(axis=1)], np.inf).astype(float)


def _draw_sums(metric: PlannedMetric, days: NDArray[np.int64], seed: int) -> Floats:
    """Sums of the labelled units' outcomes until the end of each day, of canary and control: (2, trials,
    days); of pairs those of the canary alone, the control alone, both: (3, trials, days). The same seed draws
    alike, so that two plans differ by what they differ in."""
    draw = np.random.default_rng(seed)
    spans = np.diff(days, prepend=0) * metric.units * (1 - metric.missing)
    if metric.apart is not None:
        both = metric.base - metric.apart / 2
        mine = max(metric.ratio * metric.base - both, 0.0)
        kinds = np.array([mine, metric.apart / 2, both])[:, None, None]
        return np.asarray(draw.poisson(kinds * spans, (3, TRIALS, len(days))).cumsum(axis=-1))
    means = np.array([metric.ratio * metric.base, metric.base])[:, None, None]
    spread = means * (1 - means) if metric.deviation is None else metric.deviation**2
    normal = draw.standard_normal((2, TRIALS, len(days)))
    steps = means * spans + np.sqrt(np.maximum(spread, 0) * spans) * normal
    if metric.deviation is None:
        few = means * spans < 50
        counts = draw.poisson(np.broadcast_to(means * spans, steps.shape))
        steps = np.maximum(np.where(few, counts, np.round(steps)), 0)
    return np.asarray(steps.cumsum(axis=-1))


def _where_reached(
    metric: PlannedMetric, sums: Floats, days: NDArray[np.int64], claim: RatioClaim, bar: float
) -> Bools:
    """(trials, days): where the claim has evidence of at least `bar`, a logarithm."""
    if metric.apart is not None:
        return _reached_by_pairs(metric, sums, days, claim, bar)
    if metric.deviation is not None:
        return _reached_by_bets(metric, sums, days, claim, bar)
    unknown = days * metric.units * metric.missing
    mine, theirs, limit = sums[0], sums[1], claim.ratio / (1 + claim.ratio)
    if claim.side == "above":
        return reaches_above(mine, theirs + unknown, limit, bar)
    return reaches_above(theirs, mine + unknown, 1 - limit, bar)


def _reached_by_pairs(
    metric: PlannedMetric, sums: Floats, days: NDArray[np.int64], claim: RatioClaim, bar: float
) -> Bools:
    unknown = days * metric.units * metric.missing
    alike = unknown * (1 - (metric.apart or 0.0))
    pairs = _Pairs(days * metric.units, sums[2], sums[0], sums[1], unknown)
    # Sums are of the outcomes that are asked about already, whatever is better.
    return np.asarray(paired_claim_evidence(pairs, claim, alike=alike) >= bar)


class _Pairs(NamedTuple):
    n: NDArray[np.floating]
    both: Floats
    canary: Floats
    control: Floats
    unlabelled: NDArray[np.floating]


def _reached_by_bets(
    metric: PlannedMetric, sums: Floats, days: NDArray[np.int64], claim: RatioClaim, bar: float
) -> Bools:
    assert metric.deviation is not None
    ratio, c, sign = claim.ratio, metric.base, 1 if claim.side == "above" else -1
    ends = sign * np.array([metric.low - c, metric.high - c, c - ratio * metric.low, c - ratio * metric.high])
    worst = max(-float(ends.min()), 1e-300)
    labelled = days * metric.units * (1 - metric.missing)
    moved = sign * (sums[0] - labelled * c - (ratio * sums[1] - labelled * c))
    off = (metric.ratio * metric.base - c) ** 2 + (ratio * metric.base - c) ** 2
    squares = labelled * (metric.deviation**2 * (1 + ratio**2) + off)
    stake = STAKES / worst
    wealth = moved[..., None] * stake - squares[:, None] * stake**2 / 2
    # Of the two ends of an arm's unknown units the one that speaks against the claim.
    lost = np.log1p(stake * ends[:2].min()) + np.log1p(stake * ends[2:].min())
    wealth += (days * metric.units * metric.missing)[:, None] * lost
    # A mixture is at most its largest part.
    reached: Bools = wealth.max(axis=-1) >= bar
    reached[reached] = log_mixture(wealth[reached]) >= bar
    return reached
