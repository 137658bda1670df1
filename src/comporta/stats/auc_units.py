"""The area under the ROC curve as a function of the weights of whole units, with no row looked at again.

Rows of a unit are drawn together, so a resample of units needs only how often each unit's positives win
against each other's negatives: a table of units by units, made once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from comporta.stats.bootstrap import Statistic

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MOST_UNITS = 1000


def auc_of_units(positive: NDArray[np.bool_], score: Floats, units: NDArray[np.int64]) -> Statistic:
    """Mann and Whitney's U over the number of pairs, ties half, for the weights of units 0 to the largest;
    NaN where a class has no weight. Memory: units squared; so for up to a thousand of them."""
    count = int(units.max()) + 1
    plus, minus = np.flatnonzero(positive), np.flatnonzero(~positive)
    minus = minus[np.argsort(score[minus], kind="stable")]
    under = np.searchsorted(score[minus], score[plus], side="left")
    upto = np.searchsorted(score[minus], score[plus], side="right")
    won = np.empty((count, count))
    place = units[minus]
    below = np.zeros(len(minus) + 1)
    for unit in range(count):
        np.cumsum(place == unit, out=below[1:])
        won[:, unit] = np.bincount(units[plus], weights=below[under] + below[upto], minlength=count) / 2
    have = np.bincount(units[plus], minlength=count).astype(float)
    lack = np.bincount(place, minlength=count).astype(float)

    def auc(weights: Floats) -> float:
        pairs = float(weights @ have) * float(weights @ lack)
        return float(weights @ won @ weights) / pairs if pairs > 0 else float("nan")

    return auc
