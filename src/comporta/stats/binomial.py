"""The limits of a share, also where no row or every row is a hit; and of how many independent rows it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from comporta.stats.bootstrap import LEVEL, Interval

if TYPE_CHECKING:
    from numpy.typing import NDArray


def clopper_pearson(hits: float, missed: float, tail: float) -> tuple[float, float]:
    """The exact limits of a share (Clopper and Pearson 1934), tail: the error of one end. The counts need not
    be whole, as those of an effective size are not (Korn and Graubard 1998)."""
    low = float(special.betaincinv(hits, missed + 1, tail)) if hits > 0 else 0.0
    high = float(special.betaincinv(hits + 1, missed, 1 - tail)) if missed > 0 else 1.0
    return low, high


def effective_size(
    found: Interval, variance: float, rows: float, units: float, level: float = LEVEL
) -> float | None:
    """How many independent rows would have an interval as wide as this one of whole units; at most `rows`.
    variance: of a row alone. Rows that do not vary tell as much as their units, which may each be of one
    kind; None where there is no interval for another reason.

    Korn and Graubard 1998, "Confidence intervals for proportions with small expected number of positive
    counts estimated from survey data", section 2; Student's quantile is in the width already."""
    if found.units < 2:
        return None
    if variance <= 0:
        return units
    if found.low is None or found.high is None or not found.high > found.low:
        return None
    spread = (found.high - found.low) / (2 * float(special.ndtri((1 + level) / 2)))
    return float(min(variance / spread**2, rows))


def independent(
    counts: NDArray[np.bool_], weight: NDArray[np.float64] | None, units: NDArray[np.int64] | None
) -> float:
    """How many rows tell something of their own whatever the others are: units, or of unlike weight the rows
    that tell as much (Kish 1965, section 11.7)."""
    if units is not None:
        return float(len(np.unique(units[counts])))
    some = np.ones(int(counts.sum())) if weight is None else weight[counts]
    return float(some.sum() ** 2 / np.square(some).sum())
