"""Evidence from units that both versions scored: harm, non-inferiority and superiority of paired outcomes.

Of each pair w = Y₁ - rY₀, Y being 1 for a bad outcome, has the mean μ₁ - rμ₀, and bets on its sign are exact
at any look (`wealth`). With r = 1, harm and superiority without a margin, w is 0 but for discordant pairs:
those alone decide, as in McNemar's test. A margin is relative to the control's bad rate, and that rate is not
known from discordant pairs: with r ≠ 1 a pair that is bad for both has w = 1 - r and counts too.

A pair without a label counts as what speaks against the claim. Where both versions gave the same answer, both
outcomes are the same whatever the label: such a pair costs nothing at r = 1, and little beside it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from comporta.stats.arm_evidence import RatioSequence, last_shown
from comporta.stats.claims import Direction, Question, RatioClaim, Side, claim_of
from comporta.stats.wealth import log_factors, log_mixture

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


class CountsOfPairs(Protocol):
    """n: units that both scored. both, canary, control: those with the worse outcome for both, for the canary
    alone, for the control alone. unlabelled: of n, those whose outcomes are not known."""

    @property
    def n(self) -> Any: ...
    @property
    def both(self) -> Any: ...
    @property
    def canary(self) -> Any: ...
    @property
    def control(self) -> Any: ...
    @property
    def unlabelled(self) -> Any: ...


def paired_evidence(
    question: Question,
    pairs: CountsOfPairs,
    margin: float = 0.0,
    better: Direction = "lower",
    *,
    alike: Any = 0,
) -> Floats:
    """Log e-value of a yes, of the counts so far, each a number or (looks,). alike: of the unlabelled pairs,
    those that got the same answer from both versions."""
    claim = claim_of(question, margin, better)
    return paired_claim_evidence(pairs, claim, better, alike=alike)


def paired_ratio_sequence(
    pairs: CountsOfPairs, alpha: float = 0.05, better: Direction = "lower", *, alike: int = 0
) -> RatioSequence:
    """The interval of the canary's rate over the control's that holds the truth at every look at once, with
    1 - alpha. value: of the labelled pairs."""
    bar = math.log(2 / alpha)

    def passes(ratio: float, side: Side) -> bool:
        return bool(paired_claim_evidence(pairs, RatioClaim(ratio, side), better, alike=alike) >= bar)

    both, mine, theirs = _events(pairs, better)
    low = last_shown(lambda ratio: passes(ratio, "above"))
    high = last_shown(lambda ratio: passes(1 / ratio, "below"))
    return RatioSequence(
        value=float((both + mine) / (both + theirs)) if both + theirs > 0 else None,
        low=low,
        high=None if high is None else 1 / high,
    )


def paired_claim_evidence(
    pairs: CountsOfPairs, claim: RatioClaim, better: Direction = "lower", *, alike: Any = 0
) -> Floats:
    """Log e-value of any claim about the ratio of the rates, as of `paired_evidence`."""
    ratio, side = claim
    both, mine, theirs = _events(pairs, better)
    apart = pairs.unlabelled - alike
    terms = np.array([1.0, -ratio, 1 - ratio])
    worst = ratio
    if side == "below":
        terms, worst = -terms, max(1.0, 1 - ratio)
    # Those that would be no event, or one of both, and those that would be one of either.
    mine, theirs = (mine, theirs + apart) if side == "above" else (mine + apart, theirs)
    both = both + alike if terms[2] < 0 else both
    counts = np.stack(np.broadcast_arrays(*(np.asarray(each, float) for each in (mine, theirs, both))), -1)
    return log_mixture(counts @ log_factors(terms, worst))


def _events(pairs: CountsOfPairs, better: Direction) -> tuple[Any, Any, Any]:
    """Labelled pairs of which both, the canary's outcome alone, the control's alone raise the rate."""
    if better == "lower":
        return pairs.both, pairs.canary, pairs.control
    good = pairs.n - pairs.unlabelled - pairs.both - pairs.canary - pairs.control
    return good, pairs.control, pairs.canary
