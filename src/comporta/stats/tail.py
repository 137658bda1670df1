"""How many of one kind lie above what only a small share of another kind does: the true-positive rate of an
attack at a false-positive rate that matters (Carlini et al. 2022, "Membership inference attacks from first
principles", section 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from comporta.stats.bootstrap import LEVEL, Interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def rate_above(member: Floats, other: Floats, share: float, level: float = LEVEL, seed: int = 0) -> Interval:
    """The share of `member` above the threshold that the share `share` of `other` is above.

    The threshold is uncertain too: its ends are the values of `other` of which Beta quantiles say that at
    most, and at least, `share` of all such rows lie above them (order statistics of a uniform), and the rate
    above each has Clopper and Pearson's end; the error is shared half and half. Equal values are put in order
    by lot, as an attacker would. Where the rows are too few to say, low is 0.
    """
    rows, count, tail = len(member), len(other), (1 - level) / 4
    every = np.concatenate([member, other])
    lot = np.random.default_rng(seed).random(len(every))
    order = np.empty(len(every), np.int64)
    order[np.lexsort((lot, every))] = np.arange(len(every))
    mine, ranked = order[:rows], np.sort(order[rows:])[::-1]
    place = np.arange(1, count + 1)
    # The share of all other rows above the k-th largest of them is Beta(k, count + 1 - k).
    surely = np.flatnonzero(special.betaincinv(place, count + 1 - place, 1 - tail) <= share)
    beyond = np.flatnonzero(special.betaincinv(place, count + 1 - place, tail) >= share)
    above = int((mine > ranked[surely[-1]]).sum()) if len(surely) else 0
    upto = int((mine > ranked[beyond[0]]).sum()) if len(beyond) else rows
    low = float(special.betaincinv(above, rows - above + 1, tail)) if above else 0.0
    high = float(special.betaincinv(upto + 1, rows - upto, 1 - tail)) if upto < rows else 1.0
    value = float((mine > ranked[min(int(share * count), count - 1)]).mean())
    return Interval(value=value, low=min(low, value), high=max(high, value), units=rows)
