"""Two models on the same rows: exact tests and score intervals for their difference, where rows are units.

Where rows come in groups none of these is right, and the paired bootstrap of whole groups takes their place.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import optimize, special, stats

from comporta.records import Record
from comporta.stats.areas import placements, unseen, welch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]


class Paired(Record, frozen=True, kw_only=True):
    """First less second. p: two-sided, of no difference. test: what made the interval; method: its name as
    people read it."""

    value: float
    low: float
    high: float
    p: float
    test: Literal["tango", "delong", "student"]
    method: str


def mcnemar(b: int, c: int, *, mid: bool = True) -> float:
    """Two-sided p of McNemar's test: b and c rows that only the first, or only the second, has right.

    Exact from the binomial; mid: half the probability of the table seen (Fagerland, Lydersen and Laake
    2013, "The McNemar test for binary matched-pairs data", which recommends it).
    """
    if b + c == 0:
        return 1.0
    few = min(b, c)
    tail = 2 * float(special.bdtr(few, b + c, 0.5))
    if mid:
        return (
            tail - float(stats.binom.pmf(few, b + c, 0.5))
            if b != c
            else 1 - float(stats.binom.pmf(few, b + c, 0.5))
        )
    return min(1.0, tail)


def tango(b: float, c: float, rows: float, *, level: float = 0.95) -> tuple[float, float]:
    """The score interval of a paired difference of shares, (b - c) / rows.

    Tango 1998, "Equivalence test and confidence interval for the difference in proportions for the
    paired-sample design", equations 4 to 8. It stays inside -1 to 1 and has a width where b = c = 0. Counts
    of an effective size need not be whole.
    """
    z = float(special.ndtri((1 + level) / 2))

    def score(delta: float) -> float:
        return _tango_score(b, c, rows, delta)

    point, edge = (b - c) / rows, 1 - 1e-12
    low = optimize.brentq(lambda d: score(d) - z, -edge, point) if score(-edge) > z else -1.0
    high = optimize.brentq(lambda d: score(d) + z, point, edge) if score(edge) < -z else 1.0
    return float(low), float(high)


def _tango_score(b: float, c: float, rows: float, delta: float) -> float:
    """Standardised distance of the table from `delta`, its variance at the likeliest table with that."""
    two = 2.0 * rows
    middle = -b - c + (two - b + c) * delta
    root = math.sqrt(max(middle**2 + 4 * two * c * delta * (1 - delta), 0.0))
    q = max((root - middle) / (2 * two), 0.0)
    variance = rows * (2 * q + delta * (1 - delta))
    apart = b - c - rows * delta
    if variance <= 0:
        return 0.0 if apart == 0 else math.copysign(math.inf, apart)
    return apart / math.sqrt(variance)


def right(first: Bools, second: Bools, *, level: float = 0.95) -> Paired:
    """Two classifiers' shares of right answers: Tango's interval, McNemar's mid-p."""
    b, c = int((first & ~second).sum()), int((~first & second).sum())
    low, high = tango(b, c, len(first), level=level)
    return Paired(
        value=(b - c) / len(first),
        low=low,
        high=high,
        p=mcnemar(b, c),
        test="tango",
        method="Tango's score interval",
    )


def delong(positive: Bools, first: Floats, second: Floats, *, level: float = 0.95) -> Paired | None:
    """Two areas under the ROC curve on the same rows; None where a class has fewer than two rows.

    DeLong, DeLong and Clarke-Pearson 1988, equations 3 to 8, by midranks (Sun and Xu 2014); the interval with
    Student's quantile, and wider by what rows that none of these was may cost either model (see `areas`).
    """
    plus, minus = int(positive.sum()), int((~positive).sum())
    if plus < 2 or minus < 2:
        return None
    (won, lost), (other_won, other_lost) = (placements(positive, score) for score in (first, second))
    mine, theirs = float(won.mean()), float(other_won.mean())
    variance, half = welch(won - other_won, lost - other_lost, level)
    value, share = mine - theirs, unseen(plus, minus, level)
    p = 2 * float(special.ndtr(-abs(value) / math.sqrt(variance))) if variance > 0 else float(value == 0)
    return Paired(
        value=value,
        low=value - math.hypot(half, mine * share),
        high=value + math.hypot(half, theirs * share),
        p=p,
        test="delong",
        method="DeLong's interval",
    )


def mean_difference(first: Floats, second: Floats, *, level: float = 0.95) -> Paired | None:
    """Two means of the same rows, by Student's paired t; None for fewer than two rows."""
    apart = first - second
    if len(apart) < 2:
        return None
    value, spread = float(apart.mean()), float(apart.std(ddof=1)) / math.sqrt(len(apart))
    if spread <= 1e-15 * max(1.0, abs(value)):
        return Paired(
            value=value,
            low=value,
            high=value,
            p=float(value == 0),
            test="student",
            method="Student's paired t",
        )
    half = float(special.stdtrit(len(apart) - 1, (1 + level) / 2)) * spread
    p = 2 * float(special.stdtr(len(apart) - 1, -abs(value / spread)))
    return Paired(
        value=value, low=value - half, high=value + half, p=p, test="student", method="Student's paired t"
    )


def wilcoxon(first: Floats, second: Floats) -> float:
    """Two-sided p of Wilcoxon's signed ranks, ties as Pratt has them: whether one tends to be larger."""
    apart = first - second
    if not apart.any():
        return 1.0
    return float(stats.wilcoxon(apart, zero_method="pratt", method="approx").pvalue)
