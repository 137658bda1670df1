"""How much less days tell that are alike the day before: the variance of their mean over independent days'.

A day deviates by a shock, which may last into the next, and by chance within the day, which does not. How
much of its variance is chance is told by the rows: days that show no shocks are taken as independent. Else an
ARMA(1, 1) is plugged in, as Andrews (1991, "Heteroskedasticity and autocorrelation consistent covariance
matrix estimation", section 6) plugs in an AR(1): a correlation r with the day before is the share of shocks
times how much of one stays, so that the factor is 1 + 2 r / (1 - r / share). Too small a one is the costlier
mistake: r and the share have an error added.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

PERSISTENT = 0.9
"""The largest part of a shock that is taken to stay until the next day."""
FEW = 10
"""Days below which fewer days' worth may be left."""
BY_CHANCE = 0.1
"""Days that differ and follow each other as much as this share of days without any shock show none."""
LOW = 0.25
"""The variance between days is taken to be at most one that makes less than theirs so often by chance."""


def variance_factor(pull: Floats, chance: float, chance_free: float = math.inf) -> float:
    """How many times as large the variance of a statistic is as that of independent days; at least 1, and at
    most what leaves 2.5 days' worth (of fewer than ten days two). pull: (days,) of each, in order, not all
    0. chance: the statistic's variance by what varies within days alone, of so many degrees of freedom.
    """
    days = len(pull)
    if days < 3:
        return 1.0
    square = float(pull @ pull)
    variance, first = square * (days - 1) / days, float(pull[1:] @ pull[:-1]) / square
    shocks = max(1 - chance / (variance * _upper_variance(days)), 0.0)
    shocks *= _evidence(variance / chance if chance > 0 else math.inf, first, days, chance_free)
    alike = min(max(_upper_correlation(first, days), 0.0), PERSISTENT * shocks)
    stays = alike / shocks if shocks > 0 else 0.0
    return max(min(1 + 2 * alike / (1 - stays), days / (2.0 if days < FEW else 2.5)), 1.0)


def _evidence(ratio: float, correlation: float, days: int, chance_free: float) -> float:
    """How far days show that there are shocks, 0 to 1: by their variance, `ratio` times that of chance, and
    by the correlation with the day before. Both come by chance alone as often as Fisher's combined p (1932,
    "Statistical methods for research workers", section 21.1); from `BY_CHANCE` on nothing is shown."""
    varies = float(special.fdtrc(days - 1, min(chance_free, 1e6), ratio)) if math.isfinite(ratio) else 0.0
    lasts = float(special.ndtr(-(correlation + 1 / days) * math.sqrt(days)))
    both = max(varies * lasts, 1e-300)
    return max(1 - both * (1 - math.log(both)) / BY_CHANCE, 0.0)


def _upper_variance(days: int) -> float:
    """How many times as large as measured the variance between so many days may be."""
    free = days - 1
    return free / (2 * float(special.gammaincinv(free / 2, LOW)))


def _upper_correlation(correlation: float, days: int) -> float:
    """With its bias about an estimated mean (Marriott and Pope 1954) and one and a quarter standard errors
    added."""
    return correlation + (1 + 4 * correlation) / days + 1.25 / math.sqrt(days)
