"""The ends of a metric that has a bound: reached on the scale on which it has none.

Of few groups the mean of losses is skewed: one that is far worse is met seldom, and where it is not, the
others are alike. On the scale of the logarithm, or of the logit of what lies between 0 and 1, such a mean is
nearer to normal, and an interval of Student's reaches further towards what was not met (Pepe 2003, "The
statistical evaluation of medical tests", section 5.2.5, for the area under the ROC curve). Where losses vary
little that scale is nearly straight, and yet the one group in ten that is worse may be absent. So of few
groups a loss is taken to be skewed by 1.5, whatever those that were met say; squares of normal numbers are
by 2.8.
"""

from __future__ import annotations

import math

from msgspec.structs import replace
from scipy import special

from comporta.stats.bootstrap import LEVEL, Interval
from comporta.stats.skewness import skewed_quantile

LOSSES = ("log_loss", "brier", "mae", "rmse", "median_ae", "mape")
BETWEEN = ("roc_auc", "average_precision")
FEW = 60
"""Groups below which their losses are taken to be skewed."""
SKEWED, MOST_SKEWED = 1.5, 0.3
"""The skewness of one group's loss, and the most that is taken of the mean of few."""


def on_scale(found: Interval, metric: str, level: float = LEVEL) -> Interval:
    """The interval, nowhere narrower within the metric's bounds: a loss is at least 0, r2 at most 1 (one less
    a loss), an area between the two. Metrics that are not told here stay as they are."""
    value, low, high = found.value, found.low, found.high
    if low is None or high is None or not math.isfinite(low + high):
        return found
    skewed = min(value - low, high - value) * longer(found.units, level)
    if metric in LOSSES and value > 0:
        high = max(high, _further(value, high - value), value + skewed)
        return replace(found, low=max(low, 0.0), high=high)
    if metric == "r2" and value < 1:
        low = min(low, 1 - _further(1 - value, value - low), value - skewed)
        return replace(found, low=low, high=min(high, 1.0))
    if metric in BETWEEN and 0 < value < 1:
        odds, at = value / (1 - value), value * (1 - value)
        low, high = min(low, _share(odds, (low - value) / at)), max(high, _share(odds, (high - value) / at))
        return replace(found, low=max(low, 0.0), high=min(high, 1.0))
    return found


def longer(groups: float, level: float) -> float:
    """How many times as far Student's interval of so many groups reaches up, were their losses skewed; 0 of
    two, or of many."""
    if not 2 < groups < FEW:
        return 0.0
    wide = float(special.stdtrit(groups - 1, (1 + level) / 2))
    return -skewed_quantile(-wide, min(SKEWED / math.sqrt(groups), MOST_SKEWED)) / wide


def _further(value: float, reach: float) -> float:
    """value + reach, on the scale of the logarithm."""
    return value * math.exp(min(reach / value, 50.0))


def _share(odds: float, reach: float) -> float:
    """The share of these odds, moved by so much on the scale of the logit."""
    moved = odds * math.exp(min(max(reach, -50.0), 50.0))
    return moved / (1 + moved)
