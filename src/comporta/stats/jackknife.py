"""Intervals of a smooth statistic in a few evaluations: clusters of rows left out in turn.

The variance of a statistic is that of its values without each cluster, times their number: the jackknife,
which for clusters is the estimator CV3 (MacKinnon, Nielsen and Webb 2023, "Fast and reliable jackknife and
bootstrap methods for cluster-robust inference"). Student's quantile has the degrees of freedom of that
variance (see `free_of_sizes`), so it knows how few and how unequal clusters are; a bootstrap of three groups
cannot leave the range of the three. Of more than 60 clusters, blocks of them are left out (Shao and Wu 1989,
"A general theory for jackknife variance estimation", whose blocks grow with the rows, so that quantiles are
covered too).

Days follow each other: days that are alike the day before tell less than their number (see `lasting`). Rows
that hang together in two ways have the variance of both, less that of the clusters in which both meet
(Cameron, Gelbach and Miller 2011, "Robust inference with multiway clustering", equation 2.11; never less than
either: the same authors with MacKinnon 2024, "Jackknife inference with two-way clustering").
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
from comporta.stats.lasting import variance_factor
from comporta.stats.skewness import skewed_quantile, skewness_of_sum
from comporta.stats.units import effective, few_clusters_factor, free_of_sizes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Places = NDArray[np.int64]

MANY = 5_000
BLOCKS = 60
WITHIN, WITHIN_MANY, MANY_DAYS = 30, 12, 20
"""Blocks of rows that tell how much days differ by chance within them; and of so many days or more, which
hold the truth with fewer as well."""


class Spread(Record, frozen=True, kw_only=True):
    """variance: of the statistic. free: its degrees of freedom. skew: of the statistic's distribution, the
    third moment of the clusters' pulls over their second's 3/2. apart: the degrees of freedom were the
    clusters independent. alike: how many of them tell as much as one."""

    variance: float
    free: float
    skew: float
    apart: float
    alike: float


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
        ways.append([_spread(of_row, each) for each in _without(statistics, of_row)])
    if day is not None:
        of_cell = _cells(rows, unit, day, draw)
        meeting = [_spread(of_cell, each) for each in _without(statistics, of_cell)]
        of_row = _consecutive(day)
        without = zip(_without(statistics, of_row), meeting, strict=True)
        ways.append([_spread(of_row, left, _lasting(left, within)) for left, within in without])
        ways += [] if unit is None else [meeting]
    found = []
    for value, *spreads in zip(values, *ways, strict=True):
        spread = _together(spreads)
        low, high = _ends(value, spread, level)
        alike = 1.0 if spread is None else spread.alike
        found.append(Interval(value=value, low=low, high=high, units=count, alike=alike))
    return found


def _blocks(units: Places, draw: np.random.Generator, most: int = BLOCKS) -> Places:
    """Each row's block: its unit, or of more than so many units one of as many at random."""
    count = int(units.max()) + 1
    return units if count <= most else (draw.permutation(count) % most)[units]


def _cells(rows: int, unit: Places | None, day: Places, draw: np.random.Generator) -> Places:
    """Each row's block of what is independent within days: rows, or the parts of units."""
    if unit is None:
        return _blocks(np.arange(rows), draw, WITHIN if int(day.max()) + 1 < MANY_DAYS else WITHIN_MANY)
    _, cell = np.unique(unit * (int(day.max()) + 1) + day, return_inverse=True)
    return _blocks(cell, draw)


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


def _spread(of_row: Places, left: Floats, alike: float = 1.0) -> Spread | None:
    """None where the statistic has no value without one of the blocks. alike: how many times as large the
    variance is as that of independent blocks."""
    if not np.isfinite(left).all():
        return None
    blocks = len(left)
    pull = left.mean() - left
    square = float(pull @ pull)
    variance = square * (blocks - 1) / blocks * alike * (blocks - 1) / max(blocks - alike, 1.0)
    skew = skewness_of_sum(pull)
    apart = free_of_sizes(np.bincount(of_row))
    free = max((apart + 1) / alike - 1, 1.0)
    variance *= few_clusters_factor(blocks) ** 2
    return Spread(variance=variance, free=free, skew=skew, apart=apart, alike=alike)


def _lasting(left: Floats, within: Spread | None) -> float:
    """How many times as large the variance is as that of independent days. left: without each of these in
    turn. within: the spread that chance within the days makes; None where nothing tells it."""
    pull = left.mean() - left
    if not np.isfinite(left).all() or not pull.any():
        return 1.0
    if within is None:
        return variance_factor(pull, 0.0)
    return variance_factor(pull, within.variance, within.free)


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
    free, apart = min(one.free, other.free), min(one.apart, other.apart)
    alike = max(one.alike, other.alike)
    return Spread(variance=variance, free=free, skew=larger.skew, apart=apart, alike=alike)


def _ends(value: float, spread: Spread | None, level: float) -> tuple[float | None, float | None]:
    """Student's, wider on the side towards which the clusters are skewed (see `skewed_quantile`), and
    nowhere narrower. None where nothing varies, which is no
    certainty."""
    if spread is None or not math.isfinite(value):
        return None, None
    if spread.variance <= 1e-24 * max(1.0, value**2):
        return None, None
    deviation, share = math.sqrt(spread.variance), (1 + level) / 2
    wide, usual = float(special.stdtrit(spread.free, share)), float(special.stdtrit(spread.apart, share))
    below = wide * max(1.0, skewed_quantile(usual, spread.skew) / usual)
    above = wide * max(1.0, -skewed_quantile(-usual, spread.skew) / usual)
    return value - below * deviation, value + above * deviation
