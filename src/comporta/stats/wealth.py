"""Wealth of bets on a mean: what a fixed grid of stakes makes of bounded terms, and the e-value of them all.

Where each term w has a mean of at most 0 given what came before, the product of 1 + λw over the terms is a
supermartingale for each fixed λ that keeps it positive, and so is a mixture over stakes λ (Waudby-Smith and
Ramdas 2024, "Estimating means of bounded random variables by betting", section 4). With stakes fixed, the
order of terms does not matter, and the log-wealth of two periods adds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

STAKES = 0.9 * np.power(0.6, np.arange(12.0))
"""Of the largest stake that keeps every factor positive: a term at its worst loses so much of the wealth. A
stake that is a third too large or too small still grows at nine tenths of the best rate."""


def log_factors(terms: Floats, worst: float) -> Floats:
    """log(1 + λw) of terms w (n,) for each stake: (n, stakes). worst: how far below 0 a term can be."""
    factors: Floats = np.log1p(terms[:, None] * (STAKES / worst))
    return factors


def log_mixture(log_wealth: Floats) -> Floats:
    """The log e-value of log-wealth (…, stakes), each stake having had an equal part at the beginning."""
    most = log_wealth.max(axis=-1)
    return np.asarray(most + np.log(np.exp(log_wealth - most[..., None]).mean(axis=-1)))
