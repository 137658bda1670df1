"""Intervals by resampling whole units: groups, days or rows, with replacement, counted as weights.

A replicate draws as many units as there are and weighs each row by how often its unit was drawn, so a
statistic is a function of row weights and nothing is copied (Efron and Tibshirani 1993, section 6.2).
Intervals are BCa (Efron 1987; Efron and Tibshirani 1993, section 14.3), its normal quantiles widened to
Student's for few units (Hesterberg 2015, "What teachers should know about the bootstrap", section 5.3).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from comporta.records import NO_TEXT, Conditions, Figure, Record, Text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Statistic = Callable[["Floats"], float]
LEVEL = 0.95
BLOCKS = 100
AT_ONCE = 20_000
"""Units that are drawn in one call."""
FEWEST_REPLICATES = 400


class Interval(Record, frozen=True, kw_only=True):
    """value: on the rows as they are. low, high: None where no interval exists. units: resampled. alike: how
    many of them tell as much as one, where days are like the day before. notes, doubt: as in `Figure`."""

    value: float
    low: float | None
    high: float | None
    units: int
    alike: float = 1.0
    notes: tuple[Text, ...] = ()
    doubt: Text = NO_TEXT

    def figure(
        self,
        metric: str,
        rows: int,
        *,
        where: Conditions = (),
        under: Conditions = (),
        compared_with: str = "",
        level: float = LEVEL,
    ) -> Figure:
        """As what a check is shown. rows: that it rests on. The others: see `Figure`."""
        return Figure(
            metric=metric, value=self.value, low=self.low, high=self.high, level=level, rows=rows,
            groups=self.units, notes=self.notes, doubt=self.doubt, where=where, under=under,
            compared_with=compared_with,
        )  # fmt: skip


def ratio_of_sums(top: Floats, below: Floats) -> Statistic:
    """The sum of one over the sum of the other, (n,) each, as a function of how often each row is drawn; NaN
    where the other's is none."""

    def ratio(drawn: Floats) -> float:
        under = float(drawn @ below)
        return float(drawn @ top) / under if under > 0 else math.nan

    return ratio


def replicates_for(rows: int) -> int:
    """400 to 1,000: more where they are cheap."""
    return int(min(1000, max(FEWEST_REPLICATES, 20_000_000 // max(rows, 1))))


def intervals(
    statistics: Sequence[Statistic],
    rows: int,
    *,
    units: NDArray[np.int64] | None = None,
    replicates: int | None = None,
    seed: int = 0,
    level: float = LEVEL,
) -> list[Interval]:
    """One interval per statistic, all from the same resamples. units: each row's unit, 0 to the number
    of units less one; None: each row its own. A statistic returns NaN where it is not defined."""
    count = rows if units is None else int(units.max()) + 1
    points = [statistic(np.ones(rows)) for statistic in statistics]
    if count < 2:
        return [Interval(value=each, low=None, high=None, units=count) for each in points]
    times = replicates or replicates_for(rows)
    drawn = np.empty((len(statistics), times))
    generator = np.random.default_rng(seed)
    for time, counts in enumerate(_resamples(generator, count, times)):
        weights = counts if units is None else counts[units]
        for index, statistic in enumerate(statistics):
            drawn[index, time] = statistic(weights)
    left_out = _leave_out(statistics, rows, units, count, generator)
    found = []
    for index, point in enumerate(points):
        low, high = _bca(point, drawn[index], left_out[index], count, level)
        found.append(Interval(value=point, low=low, high=high, units=count))
    return found


def _resamples(generator: np.random.Generator, count: int, times: int) -> Iterator[Floats]:
    """So many times (count,): how often each unit is drawn. A few are drawn at once, as they would be alone:
    of few units the calls take longer than the drawing."""
    at_once = max(1, AT_ONCE // count)
    for first in range(0, times, at_once):
        many = min(at_once, times - first)
        drawn = generator.integers(0, count, (many, count), dtype=np.int64)
        drawn += count * np.arange(many)[:, None]
        yield from np.bincount(drawn.ravel(), minlength=many * count).astype(float).reshape(many, count)


def _leave_out(
    statistics: Sequence[Statistic],
    rows: int,
    units: NDArray[np.int64] | None,
    count: int,
    generator: np.random.Generator,
) -> Floats:
    """The statistics without each unit, or without each of a hundred random blocks of units: the skewness
    they tell is the sum of the units' either way."""
    blocks = min(count, BLOCKS)
    block = generator.permutation(count) % blocks
    of_row = block if units is None else block[units]
    out = np.empty((len(statistics), blocks))
    for each in range(blocks):
        weights = (of_row != each).astype(float)
        for index, statistic in enumerate(statistics):
            out[index, each] = statistic(weights)
    return out


def _bca(
    point: float, drawn: Floats, left_out: Floats, units: int, level: float
) -> tuple[float | None, float | None]:
    defined = np.isfinite(drawn)
    # Where a tenth of the resamples had no value (a class went missing), an interval would flatter.
    if not math.isfinite(point) or defined.mean() < 0.9 or np.isfinite(left_out).mean() < 0.9:
        return None, None
    drawn = drawn[defined]
    spread = np.ptp(drawn)
    # Rows that are all alike tell nothing of those that were not seen: that is no certainty.
    if spread <= 1e-12 * max(1.0, abs(point)):
        return None, None
    below = (drawn < point).mean() + (drawn == point).mean() / 2
    bias = float(special.ndtri(min(max(below, 0.5 / len(drawn)), 1 - 0.5 / len(drawn))))
    left_out = left_out[np.isfinite(left_out)]
    pull = left_out.mean() - left_out
    square = float((pull**2).sum())
    skew = float((pull**3).sum()) / (6 * square**1.5) if square > 0 else 0.0
    tail = (1 - level) / 2
    wide = float(special.stdtrit(units - 1, 1 - tail)) * math.sqrt(units / (units - 1))
    ends = []
    for z in (-wide, wide):
        shift = 1 - skew * (bias + z)
        ends.append(float(special.ndtr(bias + (bias + z) / shift)) if shift > 0.1 else float(special.ndtr(z)))
    # A share of few rows takes few values: between them the middle of each one's probability counts
    # (mid-quantiles, Parzen 2004), or an interval would end on a value as if it were beyond it.
    values, times = np.unique(np.round(drawn, 12 - round(math.log10(spread))), return_counts=True)
    low, high = np.interp(ends, (np.cumsum(times) - times / 2) / len(drawn), values)
    return float(low), float(high)
