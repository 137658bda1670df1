"""Evidence about the means of two arms by betting, for values within declared bounds: exact at any look.

Each unit is the canary's or the control's with probability ½, so that (Y - c) for the canary's and -(rY - c)
for the control's has the mean (μ₁ - rμ₀)/2, whatever the fixed c: bets on that sign are bets on the ratio of
means (`wealth`). c is a control variate: near the mean, terms vary as values do around it rather than around
0. Any c is exact; the mean of history is the soonest, and it is fixed when a plan begins.

Values are split between the two nearest of 513 levels, so that a million cost what a histogram costs: as log
is concave, a split value brings a little less wealth than itself, never more. A value that stays unknown
counts as the bound that speaks against the claim. A ratio says something where the control's mean is above 0.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from comporta.records.betting_evidence import BettingEvidence, MeanSums
from comporta.stats.arm_evidence import RatioSequence
from comporta.stats.claims import Direction, Question, claim_of
from comporta.stats.wealth import log_factors, log_mixture

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

LEVELS = 513
_STEPS = np.linspace(-1, 1, 61)
RATIO_GRID: tuple[float, ...] = tuple(np.exp(math.log(2) * _STEPS * np.abs(_STEPS)).tolist())
"""61 ratios from ½ to 2, closer towards 1, at which the confidence sequence may end."""


class BettingScheme(NamedTuple):
    """What values lie within, and what is asked of them, fixed when a plan begins. low, high: a value beyond
    counts as this. center: c of the module, from low to high. ratios: asked, each on both sides."""

    low: float
    high: float
    center: float
    ratios: tuple[float, ...] = RATIO_GRID


class Values(NamedTuple):
    """Outcomes of an arm's units whose horizon ended in a period. values: (n,) of the labelled ones, in any
    order. unlabelled: how many more have none."""

    values: ArrayLike
    unlabelled: int = 0


def scheme_of(
    low: float,
    high: float,
    center: float,
    *,
    margin: float,
    harm: float,
    better: Direction = "lower",
    grid: tuple[float, ...] = RATIO_GRID,
) -> BettingScheme:
    """The scheme that answers every question of a metric. grid: more ratios, at which the confidence sequence
    may end; empty where only decisions are wanted, of evidence a twentieth as large. Raises ValueError where
    the bounds do not rise; a center that lies beyond one is that bound."""
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f"cap: found {low} and {high}, expected a least and a larger largest value.")
    asked = (claim_of("harm", harm, better), claim_of("non_inferior", margin, better))
    ratios = {1.0, *(claim.ratio for claim in asked), *grid}
    return BettingScheme(low, high, min(max(center, low), high), tuple(sorted(ratios)))


def betting_evidence(scheme: BettingScheme, canary: Values, control: Values) -> BettingEvidence:
    """What the units of one period say; periods are added. Raises ValueError for a value that is NaN."""
    clipped = [clip_values(scheme, each.values) for each in (canary, control)]
    mine, theirs = (level_counts(each, scheme.low, scheme.high) for each in clipped)
    return evidence_of_levels(
        scheme,
        mine,
        theirs,
        mean_sums(clipped[0], canary.unlabelled),
        mean_sums(clipped[1], control.unlabelled),
    )


def evidence_of_levels(
    scheme: BettingScheme, mine: Floats, theirs: Floats, canary: MeanSums, control: MeanSums
) -> BettingEvidence:
    """The same of units that were counted by level: mine, theirs (levels,), of the canary's and the control's
    labelled ones (`level_counts`)."""
    above, below = [], []
    for ratio in scheme.ratios:
        table = _table(scheme, ratio)
        above.append(mine @ table[0] + theirs @ table[1])
        below.append(mine @ table[2] + theirs @ table[3])
        above[-1] += canary.unlabelled * table[0][0] + control.unlabelled * table[1][-1]
        below[-1] += canary.unlabelled * table[2][-1] + control.unlabelled * table[3][0]
    return BettingEvidence(
        ratios=scheme.ratios,
        above=tuple(tuple(each.tolist()) for each in above),
        below=tuple(tuple(each.tolist()) for each in below),
        canary=canary,
        control=control,
    )


def mean_evidence(
    question: Question, found: BettingEvidence, margin: float = 0.0, better: Direction = "lower"
) -> float:
    """Log e-value of a yes. Raises ValueError where the scheme did not ask this ratio."""
    claim = claim_of(question, margin, better)
    if claim.ratio not in found.ratios:
        raise ValueError(f"betting evidence: found no ratio {claim.ratio}, expected one that was asked.")
    place = found.ratios.index(claim.ratio)
    rows = found.above if claim.side == "above" else found.below
    return float(log_mixture(np.asarray(rows[place])))


def mean_ratio_sequence(found: BettingEvidence, alpha: float = 0.05) -> RatioSequence:
    """The interval of the ratio of the means that holds the truth at every look at once, with 1 - alpha. Its
    ends are ratios that were asked: the farthest ones that are shown to be passed."""
    bar = math.log(2 / alpha)
    above = log_mixture(np.asarray(found.above)) >= bar
    below = log_mixture(np.asarray(found.below)) >= bar
    means = [
        each.sum / (each.n - each.unlabelled) if each.n > each.unlabelled else math.nan
        for each in (found.canary, found.control)
    ]
    return RatioSequence(
        value=means[0] / means[1] if means[1] > 0 and not math.isnan(means[0]) else None,
        low=max((r for r, shown in zip(found.ratios, above, strict=True) if shown), default=None),
        high=min((r for r, shown in zip(found.ratios, below, strict=True) if shown), default=None),
    )


def _table(scheme: BettingScheme, ratio: float) -> tuple[Floats, Floats, Floats, Floats]:
    """Log factors (levels, stakes) of a value at each level: of the canary's and the control's that bet on a
    mean above the ratio, and of those that bet on one below."""
    levels = np.linspace(scheme.low, scheme.high, LEVELS)
    mine, theirs = levels - scheme.center, scheme.center - ratio * levels
    most = max(-float(min(mine.min(), theirs.min())), 1e-300)
    least = max(float(max(mine.max(), theirs.max())), 1e-300)
    return (
        log_factors(mine, most),
        log_factors(theirs, most),
        log_factors(-mine, least),
        log_factors(-theirs, least),
    )


def level_counts(values: Floats, low: float, high: float) -> Floats:
    """How many of these values (n,), which lie within low and high, each of the levels has, a value between
    two levels being part of both: (levels,)."""
    place = (values - low) * ((LEVELS - 1) / (high - low))
    under = np.minimum(place.astype(np.int64), LEVELS - 2)
    part = place - under
    found: Floats = np.bincount(under, 1 - part, LEVELS).astype(float)
    found[1:] += np.bincount(under, part, LEVELS)[:-1]
    return found


def clip_values(scheme: BettingScheme, values: ArrayLike) -> Floats:
    """Values within the scheme's bounds. Raises ValueError where one is NaN."""
    numbers = np.asarray(values, float)
    if np.isnan(numbers).any():
        raise ValueError("values of an outcome: found NaN, expected numbers; what is unknown is unlabelled.")
    clipped: Floats = np.clip(numbers, scheme.low, scheme.high)
    return clipped


def mean_sums(values: Floats, unlabelled: int) -> MeanSums:
    """The sums of an arm with these clipped values."""
    return MeanSums(
        n=len(values) + unlabelled,
        unlabelled=unlabelled,
        sum=float(values.sum()),
        squares=float(values @ values),
    )
