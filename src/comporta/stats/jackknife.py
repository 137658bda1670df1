"""Intervals of a smooth statistic in a few evaluations: clusters of rows left out in turn.

The variance of a statistic is that of its values without each cluster, times their number: the jackknife,
which for clusters is the estimator CV3 (MacKinnon, Nielsen and Webb 2023, "Fast and reliable jackknife and
bootstrap methods for cluster-robust inference"). Student's quantile has the degrees of freedom of as many
equal clusters as tell as much (Carter, Schnepel and Steigerwald 2017, "Asymptotic behavior of a t-test robust
to cluster heterogeneity"), so it knows how few and how unequal they are; a bootstrap of three groups cannot
leave the range of the three. Of more than 60 clusters, blocks of them are left out (Shao and Wu 1989, "A
general theory for jackknife variance estimation", whose blocks grow with the rows, so that quantiles are
covered too).

Days follow each other: days that are alike the day before tell less than their number. Rows that hang
together in two ways have the variance of both, less that of the clusters in which both meet (Cameron, Gelbach
and Miller 2011, "Robust inference with multiway clustering", equation 2.11; never less than either: the
same authors with MacKinnon 2024, "Jackknife inference with two-way clustering").
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from msgspec.structs import replace
from scipy import special

from comporta.records import Record
from comporta.stats.bootstrap import LEVEL, Interval, Statistic, intervals
from comporta.stats.clusters import INDEPENDENT, Clusters
from comporta.stats.units import effective

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Places = NDArray[np.int64]

MANY = 5_000
BLOCKS = 60
PERSISTENT = 0.9
"""The largest share of a day's deviation that is taken to stay until the next."""
SHOWN = 1.64
"""By how many standard errors an autocorrelation is above 0 where it is shown to be: 95 % one-sided."""
LEFT = 3
"""To how many independent days dependence may reduce them."""


class Spread(Record, frozen=True, kw_only=True):
    """variance: of the statistic. free: its degrees of freedom. skew: of the statistic's distribution, the
    third moment of the clusters' pulls over their second's 3/2."""

    variance: float
    free: float
    skew: float


def quick_intervals(
    statistics: Sequence[Statistic],
    rows: int,
    *,
    clusters: Clusters = INDEPENDENT,
    seed: int = 0,
    level: float = LEVEL,
) -> list[Interval]:
    """One interval per statistic. Up to 5,000 rows that are independent, or come in groups that tell as much
    as 60 equal ones or more, are resampled (see `bootstrap`); elsewhere clusters are left out in turn."""
    unit, day, count = clusters.unit, clusters.day, clusters.count(rows)
    if count < 2:
        values = [statistic(np.ones(rows)) for statistic in statistics]
        found = [Interval(value=each, low=None, high=None, units=count) for each in values]
    elif rows <= MANY and day is None and (unit is None or effective(unit) >= BLOCKS):
        found = intervals(statistics, rows, units=unit, seed=seed, level=level)
    else:
        found = _left_out(statistics, rows, clusters, count, seed, level)
    return found if clusters.note is None else [replace(each, notes=(clusters.note,)) for each in found]


def _left_out(
    statistics: Sequence[Statistic], rows: int, clusters: Clusters, count: int, seed: int, level: float
) -> list[Interval]:
    draw = np.random.default_rng(seed)
    values = [statistic(np.ones(rows)) for statistic in statistics]
    unit, day = clusters.unit, clusters.day
    ways: list[list[Spread | None]] = []
    if unit is not None or day is None:
        of_row = _blocks(np.arange(rows) if unit is None else unit, draw)
        ways.append([_spread(of_row, each, False) for each in _without(statistics, of_row)])
    if day is not None:
        of_row = _consecutive(day)
        ways.append([_spread(of_row, each, True) for each in _without(statistics, of_row)])
    if unit is not None and day is not None:
        _, cell = np.unique(unit * (int(day.max()) + 1) + day, return_inverse=True)
        of_row = _blocks(cell, draw)
        ways.append([_spread(of_row, each, False) for each in _without(statistics, of_row)])
    found = []
    for value, *spreads in zip(values, *ways, strict=True):
        low, high = _ends(value, _together(spreads), level)
        found.append(Interval(value=value, low=low, high=high, units=count))
    return found


def _blocks(units: Places, draw: np.random.Generator) -> Places:
    """Each row's block: its unit, or of more than 60 units one of 60 at random."""
    count = int(units.max()) + 1
    return units if count <= BLOCKS else (draw.permutation(count) % BLOCKS)[units]


def _consecutive(day: Places) -> Places:
    """Each row's day, or of more than 60 days one of 60 spans of days that follow each other."""
    count = int(day.max()) + 1
    return day if count <= BLOCKS else day * BLOCKS // count


def _without(statistics: Sequence[Statistic], of_row: Places) -> Floats:
    """(statistics, blocks): each without each block."""
    blocks = int(of_row.max()) + 1
    left = np.empty((len(statistics), blocks))
    for each in range(blocks):
        weights = (of_row != each).astype(float)
        left[:, each] = [statistic(weights) for statistic in statistics]
    return left


def _spread(of_row: Places, left: Floats, ordered: bool) -> Spread | None:
    """None where the statistic has no value without one of the blocks. ordered: they follow each other."""
    if not np.isfinite(left).all():
        return None
    blocks = len(left)
    pull = left.mean() - left
    square = float(pull @ pull)
    alike = _variance_factor(pull) if ordered and square > 0 else 1.0
    variance = square * (blocks - 1) / blocks * alike * (blocks - 1) / max(blocks - alike, 1.0)
    skew = float((pull**3).sum()) / square**1.5 if square > 0 else 0.0
    return Spread(variance=variance, free=max(effective(of_row) / alike - 1, 1.0), skew=skew)


def _variance_factor(pull: Floats) -> float:
    """How many times as large the variance of a mean is as that of independent days; at least 1.

    Of an ARMA(1, 1), whose autocorrelations are r1 phi^(k-1): 1 + 2 r1 / (1 - phi), as Andrews (1991, section
    6) plugs in an AR(1). A day's shock that lasts, and chance within the day, make one. phi is r2 / r1, where
    r1 is shown to be above 0, and at least r1. At least three days' worth are left: of few days, and
    independent ones at that, one sample in ten would else tell nothing.
    """
    days = len(pull)
    first, second = (_correlation(pull, lag) for lag in (1, 2))
    near, far = (min(max(_upper_correlation(each, days), 0.0), 0.97) for each in (first, second))
    stays = max(far / near, near) if first > SHOWN / math.sqrt(days) else near
    return max(min(1 + 2 * near / (1 - min(stays, PERSISTENT)), days / LEFT), 1.0)


def _correlation(pull: Floats, lag: int) -> float:
    return float(pull[lag:] @ pull[:-lag]) / float(pull @ pull) if len(pull) > lag else 0.0


def _upper_correlation(correlation: float, days: int) -> float:
    """With its bias about an estimated mean (Marriott and Pope 1954) and half its standard error added: too
    small a one is the costlier mistake."""
    return correlation + (1 + 4 * correlation) / days + 0.5 / math.sqrt(days)


def _together(ways: Sequence[Spread | None]) -> Spread | None:
    """Of one way, or of two and the cells in which they meet."""
    there = [each for each in ways if each is not None]
    if len(there) < len(ways):
        return None
    if len(there) == 1:
        return there[0]
    one, other, meeting = there
    larger = max(one, other, key=lambda each: each.variance)
    variance = max(one.variance + other.variance - meeting.variance, larger.variance)
    return Spread(variance=variance, free=min(one.free, other.free), skew=larger.skew)


def _ends(value: float, spread: Spread | None, level: float) -> tuple[float | None, float | None]:
    """Student's, wider on the side towards which the clusters are skewed (Hall 1992, "On the removal of
    skewness by transformation", equation 2.2), and nowhere narrower. None where nothing varies, which is no
    certainty."""
    if spread is None or not math.isfinite(value):
        return None, None
    if spread.variance <= 1e-24 * max(1.0, value**2):
        return None, None
    deviation, wide = math.sqrt(spread.variance), float(special.stdtrit(spread.free, (1 + level) / 2))
    below, above = (
        max(wide, _skewed_quantile(wide, spread.skew)),
        max(wide, -_skewed_quantile(-wide, spread.skew)),
    )
    return value - below * deviation, value + above * deviation


def _skewed_quantile(quantile: float, skew: float) -> float:
    if abs(skew) < 1e-6:
        return quantile
    return 3 / skew * (float(np.cbrt(1 + skew * (quantile - skew / 6))) - 1)
