"""The area under the ROC curve of a score that is no model answer (a proxy, an attack), and its interval.

The interval of the metric `roc_auc` is that of `areas.py`, which also holds near 1.

The area under the ROC curve is Mann and Whitney's share of pairs; its variance comes from each row's own
share (DeLong, DeLong and Clarke-Pearson 1988), added up within units where rows come in groups (Obuchowski
1997, "Nonparametric analysis of clustered ROC curve data").
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

from comporta.stats.bootstrap import LEVEL, Interval
from comporta.stats.means import interval_of_influence

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Places = NDArray[np.int64]

FEWEST = 5


def auc(
    positive: NDArray[np.bool_], score: Floats, units: Places | None = None, level: float = LEVEL
) -> Interval:
    """The area, 0.5 for no tie to the score; NaN without an interval for fewer than five rows of a kind.

    positive: (n,). score: (n,), larger where a row is likelier positive. units: (n,), whose each row is, from
    0; None: rows are independent."""
    value, influence = pulls(positive, score)
    if influence is None:
        return Interval(value=value, low=None, high=None, units=0)
    found = interval_of_influence(value, influence, units, level)
    if found.low is None or found.high is None:
        return found
    return Interval(value=value, low=max(found.low, 0.0), high=min(found.high, 1.0), units=found.units)


def pulls(positive: NDArray[np.bool_], score: Floats) -> tuple[float, Floats | None]:
    """The area, and each row's influence on it, (n,); None for fewer than five rows of a kind."""
    plus, minus = int(positive.sum()), int((~positive).sum())
    if plus < FEWEST or minus < FEWEST:
        return math.nan, None
    whole = stats.rankdata(score)
    won = (whole[positive] - stats.rankdata(score[positive])) / minus
    lost = 1 - (whole[~positive] - stats.rankdata(score[~positive])) / plus
    value = float(won.mean())
    influence = np.empty(len(score))
    influence[positive] = (won - value) / plus
    influence[~positive] = (lost - value) / minus
    return value, influence


def told_by(codes: Places, positive: NDArray[np.bool_], learn: NDArray[np.bool_]) -> Floats:
    """For the rows that do not `learn`: the share of positives among those with the same code that do. Only
    so are the scores independent of the rows they are tried on; across folds they are not, and an interval
    would be a third too narrow. codes: (n,) small whole numbers."""
    size = int(codes.max()) + 1
    count = np.bincount(codes[learn], minlength=size)
    hits = np.bincount(codes[learn], positive[learn], minlength=size)
    # Ten rows of the usual share: a code seen once would be told for sure.
    mean = positive[learn].mean() if learn.any() else 0.0
    return np.asarray(((hits + 10 * mean) / (count + 10))[codes[~learn]], np.float64)
