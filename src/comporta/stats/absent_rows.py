"""What rows of a kind that is absent from these could cost: no interval of the rows that are there knows it.

A model that is sure of the wrong class in one row of a thousand, or predicts a thousandfold now and then, has
no such row among a thousand in more than one sample of three, and looks as good as another there. What is
absent from n rows comes, with 95 % confidence, less often than three times in n (the rule of three:
Hanley and Lippman-Hand 1983), so where a row's loss has a bound, that is a cost, and the interval of a mean
difference reaches as far; Tango's of shares of right answers does so by itself. Without a bound there is no
interval of a mean at all (Bahadur and Savage 1956): what an absent row is thought to cost at most is said.
"""

from __future__ import annotations

import math

import numpy as np
from msgspec.structs import replace

from comporta.stats.bootstrap import LEVEL, Interval
from comporta.stats.codes import COULD_COST, UNLIKELY, WRONG_ALTOGETHER, WRONG_BY_REACH
from comporta.stats.metrics import ScoredRows

FLOOR = 0.001
"""The probability of what comes true that an absent row is thought to be given: it costs ln 1000, 6.9."""
RULE_OF_THREE = 3.0
EXACT = 1e-9
"""The part of the target's reach up to which an error is the rounding of an exact model's number."""


def most_of_row(metric: str, was: ScoredRows) -> float | None:
    """How much an absent row may cost: of log_loss by `FLOOR`, of mae by the target's `reach`. None for a
    metric that is no mean of losses, or whose losses have no bound."""
    if metric == "log_loss":
        return -math.log(FLOOR)
    if metric == "brier":
        return 1.0 if was.classes == 2 else 2.0
    return reach(was) if metric == "mae" else None


def reach(was: ScoredRows) -> float | None:
    """How far the targets of all but the outermost 2 % of the rows lie apart; None where they are no numbers,
    or alike."""
    if was.number is None:
        return None
    low, high = np.quantile(was.truth, (0.01, 0.99))
    return float(high - low) or None


def with_absent(found: Interval, metric: str, was: ScoredRows, level: float = LEVEL) -> Interval:
    """The interval of a difference in this metric between two models of these rows, as far as rows of an
    absent kind could move it, and a note of what three in n of them could cost.

    It is the score interval of a rare event's mean count (Barker 2002, "A comparison of nine confidence
    intervals for a Poisson parameter"), in which Student's half width stands for the events that were met.
    Squares leave no interval to judge by: of rmse and r2 the cost is noted only, but of two models that
    answer alike, whose interval is nothing else.
    """
    rows, alike = len(was.truth), found.low is None and found.value == 0 and found.units > 1
    if metric in ("rmse", "r2"):
        cost = _cost_of_squares(metric, was)
        if cost is None:
            return found
        return _with_note(replace(found, low=-cost, high=cost) if alike else found, metric, cost, rows)
    most = most_of_row(metric, was)
    if alike and most is not None:
        found = replace(found, low=0.0, high=0.0)
    if most is None or found.low is None or found.high is None:
        return found
    far = -math.log((1 - level) / 2) / rows * most / 2
    low = found.value - far - math.hypot(found.value - found.low, far)
    high = found.value + far + math.hypot(found.high - found.value, far)
    return replace(_with_note(found, metric, RULE_OF_THREE / rows * most, rows), low=low, high=high)


def of_exact(found: Interval, metric: str, was: ScoredRows, level: float = LEVEL) -> Interval:
    """The interval of mae, rmse or r2 of a model that is right of every number to rounding, where nothing
    varies: what rows of an absent kind, wrong by all of the target's reach, would make of it. Others stay."""
    far = reach(was)
    if found.low is not None or was.number is None or far is None or metric not in ("mae", "rmse", "r2"):
        return found
    if not float(np.abs(was.truth - was.number).max()) <= EXACT * far:
        return found
    rate = -math.log((1 - level) / 2) / len(was.truth)
    if metric == "r2":
        return replace(found, low=found.value - rate * far**2 / float(was.truth.var()), high=1.0)
    return replace(found, low=0.0, high=found.value + far * (rate if metric == "mae" else math.sqrt(rate)))


def _cost_of_squares(metric: str, was: ScoredRows) -> float | None:
    """By how much rmse or r2 worsens where three rows in n are wrong by all of the target's reach."""
    far = reach(was)
    if far is None or was.number is None:
        return None
    mean, more = float(np.square(was.truth - was.number).mean()), RULE_OF_THREE / len(was.truth) * far**2
    return math.sqrt(mean + more) - math.sqrt(mean) if metric == "rmse" else more / float(was.truth.var())


def _with_note(found: Interval, metric: str, cost: float, rows: int) -> Interval:
    wrong = {"log_loss": UNLIKELY(chance=FLOOR), "brier": WRONG_ALTOGETHER()}.get(metric, WRONG_BY_REACH())
    each = math.ceil(rows / RULE_OF_THREE)
    told = COULD_COST(rows=each, wrong=wrong, cost=float(f"{cost:.2g}"))
    return replace(found, notes=(*found.notes, told))
