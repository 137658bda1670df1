"""Rules that end a plan, which teams use instead of the product's: each of many plans at once.

peeked: a z-test at 5 % at each look, of harm and of non-inferiority. thresholds: the canary's rate of each
day against a fixed bar a quarter above the usual rate, as Argo Rollouts and Flagger do (the first failure
ends it, two clean weeks promote). growthbook: the normal mixture interval of Safe Rollouts (gbstats 0.8.0, at
90 %, so 5 % on the side of harm), tuned to 5,000 units, its boundary at zero; what was not rolled back after
two weeks ships.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from _release_trials import ALPHA, MARGIN, NaiveArm, Trials

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

WAITS = 14.0
"""Days after which rules without evidence for a promotion promote."""
BAR = 1.25
TUNED = 5_000
HIGHER = "higher"


class Ends(NamedTuple):
    """How each plan ended, (plans,): promoted or rolled back; the others were undecided at the deadline. day:
    of the end."""

    promoted: Bools
    rolled_back: Bools
    day: Floats


def peeked(trials: Trials, higher: bool = False) -> Ends:
    z_harm = _z(trials, 1.0, higher)
    z_passed = _z(trials, 1 - MARGIN if higher else 1 + MARGIN, not higher)
    return _ended(z_harm > 1.6449, z_passed > 1.6449, trials.days)


def thresholds(trials: Trials, higher: bool = False) -> Ends:
    n, total = (np.diff(each, axis=1, prepend=0) for each in trials.naive[0][:2])
    with np.errstate(invalid="ignore", divide="ignore"):
        rate = total / n
    failed = rate < trials.base * (2 - BAR) if higher else rate > trials.base * BAR
    waited = np.broadcast_to(trials.days >= WAITS, failed.shape)
    return _ended(failed & (n > 0), waited, trials.days)


def growthbook(trials: Trials, higher: bool = False) -> Ends:
    canary, control = trials.naive
    n = canary.n + control.n
    with np.errstate(invalid="ignore", divide="ignore"):
        squared = n * (_variance(canary) / canary.n + _variance(control) / control.n)
        rho = np.sqrt((-2 * np.log(2 * ALPHA) + np.log(-2 * np.log(2 * ALPHA) + 1)) / TUNED)
        width = n * rho**2 + 1
        half = np.sqrt(squared * 2 * width * np.log(np.sqrt(width) / (2 * ALPHA)) / (n * rho) ** 2)
        worse = (canary.total / canary.n - control.total / control.n) * (-1 if higher else 1)
        failed = worse > half
    waited = np.broadcast_to(trials.days >= WAITS, failed.shape)
    return _ended(failed, waited, trials.days)


OTHERS: dict[str, Any] = {"peeked z-test": peeked, "fixed bar": thresholds, "GrowthBook": growthbook}


def _z(trials: Trials, ratio: float, below: bool) -> Floats:
    """Standard errors by which the canary's mean is above this ratio of the control's, or below it."""
    canary, control = trials.naive
    with np.errstate(invalid="ignore", divide="ignore"):
        apart = canary.total / canary.n - ratio * control.total / control.n
        error = np.sqrt(_variance(canary) / canary.n + ratio**2 * _variance(control) / control.n)
        return np.nan_to_num((-apart if below else apart) / error, nan=0.0, posinf=0.0, neginf=0.0)


def _variance(arm: NaiveArm) -> Floats:
    return np.asarray(np.maximum(arm.squares / arm.n - (arm.total / arm.n) ** 2, 0))


def _ended(failed: Bools, passed: Bools, days: Floats) -> Ends:
    harm, good = _first(failed, days), _first(passed, days)
    rolled_back, promoted = np.isfinite(harm) & (harm <= good), np.isfinite(good) & (good < harm)
    return Ends(promoted, rolled_back, np.minimum(np.minimum(harm, good), days[-1]))


def _first(reached: Bools, days: Floats) -> Floats:
    return np.where(reached.any(axis=1), days[reached.argmax(axis=1)], np.inf)
