"""The interval of a mean of losses of independent rows, which are skewed.

A sample that lacks the largest losses has a small mean and a short interval at once: of 100 lognormal losses
Student's interval lies below the truth in 8.0 % of samples and BCa's in 5.2 %, where 2.5 % is promised. The
ends are Student's quantiles moved by the skewness (Hall 1992, see `skewness`), towards which the sample's own
is taken 1.75 times, and of 30 rows 2.05 times: few rows of a heavy tail tell that much less of it than there
is. By 20,000 samples the interval lies below the truth in 2.1, 1.8, 1.9 and 2.0 % of 30, 100, 300 and
1,000 lognormal losses, and in 2.7, 2.4, 2.3 and 2.5 % of the sizes of errors of t3; of normal errors it
reaches 1.35, 1.16, 1.08 and 1.04 times as far up as Student's.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from comporta.stats.bootstrap import LEVEL, Interval
from comporta.stats.skewness import skewed_quantile, with_unseen_tail

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

ALIKE = 1e-12
"""Losses that spread by less, beside their size, are alike: they tell nothing of those that were not met."""


def skewed_mean(loss: Floats, level: float = LEVEL) -> Interval:
    """The mean of (n,) losses and its interval; None where they are fewer than two, or alike."""
    rows, mean = len(loss), float(loss.mean())
    apart = loss - mean
    spread = math.sqrt(float(apart @ apart) / (rows - 1)) if rows > 1 else 0.0
    if not spread > ALIKE * max(1.0, abs(mean)):
        return Interval(value=mean, low=None, high=None, units=rows)
    wide = float(special.stdtrit(rows - 1, (1 + level) / 2))
    skew = float((apart**3).mean()) / spread**3 / math.sqrt(rows)
    unseen = with_unseen_tail(skew, rows)
    low, high = (
        mean - skewed_quantile(end, unseen if end * skew < 0 else skew) * spread / math.sqrt(rows)
        for end in (wide, -wide)
    )
    return Interval(value=mean, low=max(low, min(0.0, float(loss.min()))), high=high, units=rows)
