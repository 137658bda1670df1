"""A quantile of Student's, moved by how skewed a statistic is, and by what few rows do not show of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

UNSEEN, OF_FEW = 1.75, 9
"""How many times as skewed a mean is taken to be, towards the side of its tail, as the rows that were met
tell; and how much more, over the number of rows, of few."""


def skewed_quantile(quantile: float, skew: float) -> float:
    """What it becomes for a statistic of this skewness (Hall 1992, "On the removal of skewness by
    transformation", equation 2.2)."""
    if abs(skew) < 1e-6:
        return quantile
    return 3 / skew * (float(np.cbrt(1 + skew * (quantile - skew / 6))) - 1)


def with_unseen_tail(skew: float, rows: int) -> float:
    """The skewness of a mean of so many rows, towards the side of its tail: of a heavy one they tell less
    than there is."""
    return skew * (UNSEEN + OF_FEW / rows)


def skewness_of_sum(pull: Floats) -> float:
    """Of a sum of independent parts (n,) of mean 0; 0 where nothing varies."""
    square = float(pull @ pull)
    return float((pull**3).sum()) / square**1.5 if square > 0 else 0.0
