"""Evidence about the means of two versions that scored the same units: bets on differences within a unit.

w = Y₁ - rY₀ has the mean μ₁ - rμ₀, lies within the bounds that the cap gives, and varies as little as the two
versions differ. Otherwise as `betting`, whose records and questions it shares.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from comporta.records.betting_evidence import BettingEvidence
from comporta.stats.betting import BettingScheme, clip_values, level_counts, mean_sums
from comporta.stats.wealth import log_factors

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]


class PairedValues(NamedTuple):
    """Outcomes of units that both versions scored. canary, control: (n,) of the labelled ones, by unit.
    differences: (m,) of the unlabelled ones, how far the two outcomes may differ at most: of absolute errors
    how far the two answers do; infinity where nobody knows."""

    canary: ArrayLike
    control: ArrayLike
    differences: ArrayLike = ()


def paired_betting_evidence(scheme: BettingScheme, pairs: PairedValues) -> BettingEvidence:
    """What the pairs of one period say; periods are added. The scheme's center has no part in it. Raises
    ValueError where a value is NaN, or the two are not of the same units."""
    mine, theirs = clip_values(scheme, pairs.canary), clip_values(scheme, pairs.control)
    if len(mine) != len(theirs):
        raise ValueError(f"paired values: found {len(mine)} and {len(theirs)}, expected two of each unit.")
    differences = np.asarray(pairs.differences, float)
    above, below = zip(*(_wealth(scheme, r, mine, theirs, differences) for r in scheme.ratios), strict=True)
    return BettingEvidence(
        ratios=scheme.ratios,
        above=tuple(tuple(each.tolist()) for each in above),
        below=tuple(tuple(each.tolist()) for each in below),
        canary=mean_sums(mine, len(differences)),
        control=mean_sums(theirs, len(differences)),
    )


def _wealth(
    scheme: BettingScheme, ratio: float, mine: Floats, theirs: Floats, differences: Floats
) -> tuple[Floats, Floats]:
    """Log-wealth (stakes,) of bets that the canary's mean is above the ratio, and below it."""
    low, high = scheme.low - ratio * scheme.high, scheme.high - ratio * scheme.low
    # Y₁ - rY₀ = (Y₁ - Y₀) + (1 - r)Y₀: an unknown pair is as far off as its difference and the cap allow.
    ends = ((1 - ratio) * scheme.low, (1 - ratio) * scheme.high)
    least = np.clip(min(ends) - differences, low, high)
    most = np.clip(max(ends) + differences, low, high)
    terms = mine - ratio * theirs
    levels = np.linspace(low, high, len(level_counts(terms[:0], low, high)))
    up = level_counts(np.concatenate([terms, least]), low, high) @ log_factors(levels, -low)
    down = level_counts(np.concatenate([terms, most]), low, high) @ log_factors(-levels, high)
    return up, down
