"""How far apart values lie, so that a few extreme ones do not tell it; and shares with intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from comporta.stats.bootstrap import LEVEL, Interval
from comporta.stats.means import mean_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

IQR_OF_NORMAL = 1.3489795003921634


def robust_scale(values: Floats) -> float:
    """The distance of the quartiles over that of a standard normal: of normal values their standard
    deviation. Where half of the values are equal, the standard deviation itself. NaN is left out."""
    known = values[np.isfinite(values)]
    if not len(known):
        return 0.0
    low, high = np.quantile(known, (0.25, 0.75))
    return float(high - low) / IQR_OF_NORMAL if high > low else float(known.std())


def share_of(values: Floats, units: NDArray[np.int64] | None = None, level: float = LEVEL) -> Interval:
    """The mean of values from 0 to 1, and its interval within them. Where all are 0, or all 1, what is
    still likely with so many units (Clopper and Pearson 1934)."""
    found = mean_of(values, units, level)
    if found.low is None or found.high is None:
        return found
    low, high = max(found.low, 0.0), found.high
    if values.max() <= 1:
        high = min(high, 1.0)
    tail = ((1 - level) / 2) ** (1 / found.units)
    if not values.any():
        high = 1 - tail
    elif (values == 1).all():
        low = tail
    return Interval(value=found.value, low=low, high=high, units=found.units)
