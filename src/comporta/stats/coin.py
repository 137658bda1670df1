"""Evidence that a coin falls on one side more often than a given share: a mixture over truncated Beta priors.

With arms of equal shares, a unit that has the event is the canary's with probability r / (1 + r), r being the
ratio of the arms' rates, whatever these are and however both change over time; so what is asked of a ratio is
asked of a coin. The mean likelihood ratio over a prior beyond the limit is a supermartingale for every truth
on this side of it (Robbins 1970, "Statistical methods related to the law of the iterated logarithm", section
9), so the chance that it ever reaches 1 / alpha is at most alpha however often one looks (Ville 1939).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import special

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

PRIOR = (50.0, 50.0)
"""Parameters of the Beta prior, of heads and tails: ratios from 0.77 to 1.3 hold four fifths of it, which is
where releases differ."""
LEAST = -700.0
"""What is smaller is not told: it is no evidence at all."""


def log_above(
    heads: ArrayLike, tails: ArrayLike, limit: ArrayLike, prior: tuple[float, float] = PRIOR
) -> Floats:
    """Log e-value that heads come with more than the probability `limit`, of counts; arrays are taken
    together. It rises in heads and falls in tails. limit: above 0 and below 1."""
    a, b = prior
    s, f, p = (np.asarray(each, float) for each in (heads, tails, limit))
    with np.errstate(divide="ignore"):
        beyond = np.log(special.betaincc(a + s, b + f, p))
    marginal = special.betaln(a + s, b + f) - special.betaln(a, b)
    found: Floats = marginal + beyond - np.log(special.betaincc(a, b, p)) - s * np.log(p) - f * np.log1p(-p)
    return np.maximum(found, LEAST)


def log_below(heads: ArrayLike, tails: ArrayLike, limit: ArrayLike) -> Floats:
    """The same that heads come with less than this probability."""
    return log_above(tails, heads, 1 - np.asarray(limit, float))


def most_above(heads: ArrayLike, tails: ArrayLike, limit: float) -> Floats:
    """What `log_above` is at most: the largest log likelihood ratio, which costs a hundredth of it."""
    s, f = np.broadcast_arrays(np.asarray(heads, float), np.asarray(tails, float))
    n = s + f
    ratio = special.rel_entr(s, limit * n) + special.rel_entr(f, (1 - limit) * n)
    return np.where(s > limit * n, ratio, 0.0)


def reaches_above(heads: ArrayLike, tails: ArrayLike, limit: float, bar: float) -> NDArray[np.bool_]:
    """Where `log_above` is at least `bar`, which is above 0: the same, sooner, where few of many reach it."""
    s, f = np.broadcast_arrays(np.asarray(heads, float), np.asarray(tails, float))
    reached = most_above(s, f, limit) >= bar
    reached[reached] = log_above(s[reached], f[reached], limit) >= bar
    return reached


def log_uneven(
    heads: ArrayLike, tails: ArrayLike, share: float = 0.5, prior: tuple[float, float] = PRIOR
) -> Floats:
    """Log e-value that heads do not come with the probability `share`."""
    a, b = prior
    s, f = np.asarray(heads, float), np.asarray(tails, float)
    marginal = special.betaln(a + s, b + f) - special.betaln(a, b)
    found: Floats = marginal - s * np.log(share) - f * np.log1p(-share)
    return found
