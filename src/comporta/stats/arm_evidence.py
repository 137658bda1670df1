"""Evidence from two arms about an outcome that a unit has or has not: harm, non-inferiority, superiority.

Exact where the arms are equally likely for every unit, and only there (see `coin`): a canary has a control of
its own size. A unit whose outcome stays unknown counts as what speaks against the claim, so that evidence is
never more than it would have been: for harm the canary's as good and the control's as bad, for
non-inferiority and superiority the reverse. Units count once, in the order in which their horizon ended.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from comporta.records import Record
from comporta.stats.claims import Direction, Question, Side, claim_of
from comporta.stats.coin import log_above, log_below

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

WIDEST = 1000.0
"""Ratios from 1/1000 to 1000 are told; what lies beyond has no end."""


class CountsOfArm(Protocol):
    """n: units whose horizon is over. bad: of the labelled ones, those with the worse outcome. unlabelled:
    of n, those whose outcome is not known. Whole numbers, or arrays of them, of several looks."""

    @property
    def n(self) -> Any: ...
    @property
    def bad(self) -> Any: ...
    @property
    def unlabelled(self) -> Any: ...


class RatioSequence(Record, frozen=True, kw_only=True):
    """value: the canary's rate, or mean, over the control's, of labelled units; None where the control's is
    not above 0. low, high: of the confidence sequence; None where it has no end."""

    value: float | None
    low: float | None
    high: float | None


def arm_evidence(
    question: Question,
    canary: CountsOfArm,
    control: CountsOfArm,
    margin: float = 0.0,
    better: Direction = "lower",
) -> Floats:
    """Log e-value of a yes, of the counts so far: yes at log(1 / alpha) or more. margin, better: as in
    `claim_of`; where higher is better, rates are of units that are not bad.

    >>> from types import SimpleNamespace as Counts
    >>> even = Counts(n=1000, bad=50, unlabelled=0)
    >>> bool(arm_evidence("harm", Counts(n=1000, bad=100, unlabelled=0), even) > np.log(20))
    True
    """
    claim = claim_of(question, margin, better)
    return _log_evidence(canary, control, claim.ratio, claim.side, better)


def ratio_sequence(
    canary: CountsOfArm, control: CountsOfArm, alpha: float = 0.05, better: Direction = "lower"
) -> RatioSequence:
    """The interval of the ratio of the rates that holds the truth at every look at once, with 1 - alpha; each
    end is where the claim of the ratio beyond it has evidence of 2/alpha. Units without a label widen it."""
    bar = math.log(2 / alpha)

    def passes(ratio: float, side: Side) -> bool:
        return bool(_log_evidence(canary, control, ratio, side, better) >= bar)

    rates = [
        (arm.bad if better == "lower" else arm.n - arm.unlabelled - arm.bad) / labelled
        if (labelled := arm.n - arm.unlabelled) > 0
        else math.nan
        for arm in (canary, control)
    ]
    value = rates[0] / rates[1] if rates[1] > 0 and not math.isnan(rates[0]) else None
    low = last_shown(lambda ratio: passes(ratio, "above"))
    high = last_shown(lambda ratio: passes(1 / ratio, "below"))
    return RatioSequence(value=value, low=low, high=None if high is None else 1 / high)


def last_shown(passes: Callable[[float], bool]) -> float | None:
    """The largest ratio that is shown to be too small, to 0.01 %, given that one half as large is as well;
    None where not even the least is. Each ratio that is found is a valid end by itself."""
    least, most = -math.log(WIDEST), math.log(WIDEST)
    if not passes(math.exp(least)):
        return None
    while most - least > 1e-4:
        middle = (least + most) / 2
        least, most = (middle, most) if passes(math.exp(middle)) else (least, middle)
    return math.exp(least)


def _log_evidence(
    canary: CountsOfArm, control: CountsOfArm, ratio: float, side: Side, better: Direction
) -> Floats:
    # An event raises the rate: the canary's unknown ones are events where its rate is claimed to be low.
    low = side == "below"
    mine, theirs = _events(canary, better, low), _events(control, better, not low)
    limit = ratio / (1 + ratio)
    return log_below(mine, theirs, limit) if low else log_above(mine, theirs, limit)


def _events(arm: CountsOfArm, better: Direction, unlabelled: bool) -> Any:
    """Units that raise the rate that is compared; unlabelled: whether the unknown ones are among them."""
    known = arm.bad if better == "lower" else arm.n - arm.unlabelled - arm.bad
    return known + arm.unlabelled if unlabelled else known
