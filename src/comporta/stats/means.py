"""Intervals of means and of their ratios in one pass, whole units counted as one.

The variance of a smooth statistic is the sum over units of the squared influence of the unit's rows (Huber
1967; Liang and Zeger 1986, equation 6), each pulled by as much as leaving the unit out would move it, which
is the jackknife's (CV3: Bell and McCaffrey 2002), with Student's quantile for as many equal units as tell as
much, less one (see `jackknife`). It is for many figures on many rows, where resampling would be slow;
elsewhere `bootstrap` is closer for few rows.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from comporta.stats.bootstrap import LEVEL, Interval
from comporta.stats.units import few_clusters_factor, free_of_sizes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Units = NDArray[np.int64] | None


def mean_of(values: Floats, units: Units = None, level: float = LEVEL) -> Interval:
    """The mean of values (n,), and its interval. units: each row's unit; None: each row its own."""
    mean = float(values.mean())
    return interval_of_influence(mean, (values - mean) / len(values), units, level)


def ratio_of(top: Floats, bottom: Floats, units: Units = None, level: float = LEVEL) -> Interval:
    """sum(top) / sum(bottom), paired by row. NaN, without an interval, where the bottom is not positive."""
    below = float(bottom.sum())
    if not below > 0:
        return Interval(value=math.nan, low=None, high=None, units=0)
    ratio = float(top.sum()) / below
    return interval_of_influence(ratio, (top - ratio * bottom) / below, units, level)


def part_to_whole(
    values: Floats,
    inside: NDArray[np.bool_],
    units: Units = None,
    level: float = LEVEL,
    weight: Floats | None = None,
) -> Interval:
    """The mean of the rows inside over the mean of all. Degrees of freedom: of the units inside. weight: (n,)
    how much each row counts."""
    count = np.ones(len(values)) if weight is None else weight
    if not (count[inside].sum() > 0 and count @ values > 0):
        return Interval(value=math.nan, low=None, high=None, units=0)
    mean, mine = np.average(values, weights=count), np.average(values[inside], weights=count[inside])
    pull = np.where(inside, count * (values - mine) / count[inside].sum(), 0.0) / mean
    pull -= mine / mean**2 * count * (values - mean) / count.sum()
    return interval_of_influence(float(mine / mean), pull, units, level, inside=inside)


def higher_inside(
    values: Floats, inside: NDArray[np.bool_], units: Units = None, weight: Floats | None = None
) -> float:
    """One-sided p: how likely the rows inside have so much higher a mean than the others by chance (Welch
    1947, with the degrees of freedom of the units inside). weight: as in `part_to_whole`."""
    count = np.ones(len(values)) if weight is None else weight
    held, left = float(count[inside].sum()), float(count[~inside].sum())
    if inside.sum() < 2 or (~inside).sum() < 2 or not (held > 0 and left > 0):
        return 1.0
    here, rest = float(count[inside] @ values[inside]) / held, float(count[~inside] @ values[~inside]) / left
    gap = here - rest
    pull = count * np.where(inside, (values - here) / held, (rest - values) / left)
    error, free, units_inside = _spread(pull, units, inside)
    if units_inside < 2 or not error > 0:
        return 1.0
    return float(special.stdtr(free, -gap / error))


def interval_of_influence(
    value: float,
    influence: Floats,
    units: Units,
    level: float = LEVEL,
    *,
    inside: NDArray[np.bool_] | None = None,
) -> Interval:
    """The interval of a statistic whose rows have this influence (sum of it: 0). inside: the rows that tell
    the degrees of freedom; None: all. Fewer than two units have no interval."""
    error, free, count = _spread(influence, units, inside)
    if count < 2:
        return Interval(value=value, low=None, high=None, units=count)
    half = float(special.stdtrit(free, (1 + level) / 2)) * error
    return Interval(value=value, low=value - half, high=value + half, units=count)


def influenced_cells(
    value: float, influence: Floats, counts: NDArray[np.int64], level: float = LEVEL
) -> Interval:
    """The same where rows are units, and alike in cells: the influence of a row of each, and its rows."""
    rows = int(counts.sum())
    if rows < 2:
        return Interval(value=value, low=None, high=None, units=rows)
    error = math.sqrt(float(counts @ influence**2) * rows / (rows - 1))
    half = float(special.stdtrit(rows - 1, (1 + level) / 2)) * error
    return Interval(value=value, low=value - half, high=value + half, units=rows)


def _spread(influence: Floats, units: Units, inside: NDArray[np.bool_] | None) -> tuple[float, float, int]:
    """The standard error, its degrees of freedom, and how many units there are."""
    if units is None:
        count = len(influence) if inside is None else int(inside.sum())
        if count < 2:
            return math.nan, 0.0, count
        return math.sqrt(float(influence @ influence) * count / (count - 1)), float(count - 1), count
    held = np.bincount(units if inside is None else units[inside], minlength=int(units.max(initial=-1)) + 1)
    count, share = int(np.count_nonzero(held)), held / max(held.sum(), 1)
    if count < 2:
        return math.nan, 0.0, count
    pull = np.bincount(units, weights=influence) / (1 - share)
    error = math.sqrt(float(pull @ pull) * (count - 1) / count) * few_clusters_factor(count)
    return error, free_of_sizes(held), count


def difference_of(one: Interval, other: Interval) -> Interval:
    """one - other, of independent samples: MOVER (Zou and Donner 2008, equation 3), from both intervals as
    they are, however lopsided."""
    value, units = one.value - other.value, min(one.units, other.units)
    if one.low is None or one.high is None or other.low is None or other.high is None:
        return Interval(value=value, low=None, high=None, units=units)
    below = math.hypot(one.value - one.low, other.high - other.value)
    above = math.hypot(one.high - one.value, other.value - other.low)
    return Interval(value=value, low=value - below, high=value + above, units=units)
