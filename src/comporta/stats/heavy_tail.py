"""Whether a mean of squared errors can be known from these rows, or hangs on a few that may be absent.

Where errors have tails as heavy as Student's with three degrees of freedom, the square has no variance, and
samples that happen to lack the largest errors have small means and short intervals at once: nearly all the
intervals that miss lie below the truth. Such a sample cannot be told by its interval, but by its tail: the
share of the squared error that the largest 1 % of the errors hold is 8 % where they are normal, 16 % where
they are Laplace's, 30 % for t3. Of few rows the tail does not show; there the interval is at least as wide as
a hundred rows more of heavier tails would make it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from msgspec.structs import replace
from scipy import special

from comporta.records import NO_TEXT, Text
from comporta.stats.bootstrap import LEVEL, Interval
from comporta.stats.codes import HEAVY_DIFFERENCE, HEAVY_TAIL
from comporta.stats.metrics import ScoredRows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SQUARED = ("rmse", "r2")
"""The metrics that are made of squared errors."""
ROWS = (30, 60, 100, 200, 300, 500, 1000)
MOST = (0.19, 0.12, 0.09, 0.115, 0.13, 0.15, 0.175)
"""Of so many rows, the share that the largest 1 % may hold (at least one row, which is more than 1 % of 60):
of errors of t3, and of lognormal ones, at most 3.5 % of samples have less and an interval below the truth."""
ROUNDING = 1e-18
"""The share of the target's variance up to which a mean square is the rounding of an exact model."""
MORE, VARIED = 100, 9.0
"""Rows that are added in thought, and the variance of their squared errors over the square of its mean."""


def with_tail(found: Interval, metric: str, seen: ScoredRows, level: float = LEVEL) -> Interval:
    """The interval of this metric, wide enough for a tail that few rows do not show, and its doubt where they
    show one. Metrics that are not of squared errors stay as they are."""
    if metric not in SQUARED or found.low is None or found.high is None:
        return found
    assert seen.number is not None, "asked of numbers only"
    square = (seen.truth - seen.number) ** 2
    spread = (seen.truth - seen.truth.mean()) ** 2
    doubt = doubt_of(square) or (doubt_of(spread) if metric == "r2" else NO_TEXT)
    if square.mean() <= ROUNDING * spread.mean():
        doubt = NO_TEXT
    factor = math.exp(_half(square, level))
    if metric == "rmse":
        low, high = found.value / factor**0.5, found.value * factor**0.5
    else:
        low, high = 1 - (1 - found.value) * factor, 1 - (1 - found.value) / factor
    return replace(found, low=min(found.low, low), high=max(found.high, high), doubt=doubt)


def times_as_large(square: Floats, level: float = LEVEL) -> float:
    """How many times as large the root of the mean of these squares (n,), of units or rows, may be as it is:
    the upper end of the interval of its logarithm (the delta method)."""
    mean, rows = float(square.mean()), len(square)
    if rows < 2 or not mean > 0:
        return 1.0
    wide = float(special.ndtri((1 + level) / 2))
    return math.exp(wide * math.sqrt(float(square.var()) / rows) / mean / 2)


def doubt_of(square: Floats) -> Text:
    """Why the mean of these squares cannot be known; empty where it can."""
    share = largest_share(square)
    return HEAVY_TAIL(share=share) if share > most_of(len(square)) else NO_TEXT


def doubt_of_difference(difference: Floats) -> Text:
    """The same of the difference of two models' squared errors (n,)."""
    share = largest_share(np.abs(difference))
    return HEAVY_DIFFERENCE(share=share) if share > most_of(len(difference)) else NO_TEXT


def most_of(rows: int) -> float:
    """The share that the largest 1 % of so many rows may hold."""
    return float(np.interp(math.log(max(rows, 1)), np.log(ROWS), MOST))


def largest_share(square: Floats) -> float:
    """The share of their sum that the largest 1 % hold, at least one, and a part of the last where that is no
    whole number; 0 where all are 0."""
    total, count = float(square.sum()), max(len(square) / 100, 1.0)
    if not total > 0:
        return 0.0
    whole = int(count)
    largest = np.sort(square)[: -whole - 2 : -1]
    return float(largest[:whole].sum() + (count - whole) * largest[whole:].sum()) / total


def _half(square: Floats, level: float) -> float:
    """Half the width of the interval of the logarithm of the mean square, rows added in thought."""
    rows, mean = len(square), float(square.mean())
    if rows < 2 or not mean > 0:
        return 0.0
    varied = (float(square.var()) / mean**2 * rows + VARIED * MORE) / (rows + MORE)
    return float(special.stdtrit(rows - 1, (1 + level) / 2)) * math.sqrt(varied / rows)
