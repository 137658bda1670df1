"""The ends of a metric that has a bound: reached on the scale on which it has none.

Of few groups the mean of losses is skewed: one that is far worse is met seldom, and where it is not, the
others are alike. On the scale of the logarithm, or of the logit of what lies between 0 and 1, such a mean is
nearer to normal, and an interval of Student's reaches further towards what was not met (Pepe 2003, "The
statistical evaluation of medical tests", section 5.2.5, for the area under the ROC curve).
"""

from __future__ import annotations

import math

from msgspec.structs import replace

from comporta.stats.bootstrap import Interval

LOSSES = ("log_loss", "brier", "mae", "rmse", "median_ae", "mape")
BETWEEN = ("roc_auc", "average_precision")


def on_scale(found: Interval, metric: str) -> Interval:
    """The interval, nowhere narrower within the metric's bounds: a loss is at least 0, r2 at most 1 (one less
    a loss), an area between the two. Metrics that are not told here stay as they are."""
    value, low, high = found.value, found.low, found.high
    if low is None or high is None or not math.isfinite(low + high):
        return found
    if metric in LOSSES and value > 0:
        return replace(found, low=max(low, 0.0), high=max(high, _further(value, high - value)))
    if metric == "r2" and value < 1:
        return replace(found, low=min(low, 1 - _further(1 - value, value - low)), high=min(high, 1.0))
    if metric in BETWEEN and 0 < value < 1:
        odds, at = value / (1 - value), value * (1 - value)
        low, high = min(low, _share(odds, (low - value) / at)), max(high, _share(odds, (high - value) / at))
        return replace(found, low=max(low, 0.0), high=min(high, 1.0))
    return found


def _further(value: float, reach: float) -> float:
    """value + reach, on the scale of the logarithm."""
    return value * math.exp(min(reach / value, 50.0))


def _share(odds: float, reach: float) -> float:
    """The share of these odds, moved by so much on the scale of the logit."""
    moved = odds * math.exp(min(max(reach, -50.0), 50.0))
    return moved / (1 + moved)
