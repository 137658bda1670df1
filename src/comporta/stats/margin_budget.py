"""How much worse versions may become one after the other: margins of non-inferiority are a budget.

Each version may be a little worse than the one before and be promoted rightly; fifty such steps are not a
little: the "bio-creep" of non-inferiority trials (D'Agostino, Massaro and Sullivan 2003, "Non-inferiority
trials", Statistics in Medicine 22, section 3). So what was spent since an anchor, a release that was shown
superior or that a person declared to be one, may not pass a budget M.

A release spends its point ratio and one standard error more, and never less than nothing. The product of the
point ratios alone is no budget: versions are promoted on lucky figures, so it stays near 1 while the truth
goes away (docs/reference/release-decisions.md has both).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from comporta.stats.claims import Direction


class PromotedRatio(NamedTuple):
    """Of a promoted version: the ratio of its figure to that of the version before, when it was promoted, and
    the standard error of the ratio's logarithm."""

    ratio: float
    error: float


def log_error(canary: tuple[int, int], control: tuple[int, int]) -> float:
    """The standard error of the logarithm of the ratio of two rates, each (events, labelled units), by the
    delta method (Katz and others 1978, Biometrics 34, p. 469); infinity without an event in an arm."""
    if not (canary[0] and control[0]):
        return math.inf
    return math.sqrt(sum(1 / events - 1 / units for events, units in (canary, control)))


def spent_margin(promoted: Sequence[PromotedRatio], better: Direction = "lower") -> float:
    """What these releases may have made worse together, relative to the anchor: 0.1 is a tenth."""
    sign = 1 if better == "lower" else -1
    return math.expm1(sum(max(sign * math.log(each.ratio) + each.error, 0.0) for each in promoted))


def within_budget(promoted: Sequence[PromotedRatio], budget: float, better: Direction = "lower") -> bool:
    """Whether these releases, the newest with them, spend at most the budget M."""
    return spent_margin(promoted, better) <= budget
