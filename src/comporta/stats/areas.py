"""Intervals of the area under the ROC curve that hold where a class has few rows or a model is near perfect.

The area is the mean of where each row stands among those of the other class. DeLong's variance (1988) is of
the rows that were seen: of fifty positives all on top it knows nothing of the one in fifty that is not.
So its interval, on the scale of logits with Student's quantile for the degrees of freedom of Welch (1947)
and Satterthwaite (1946), is widened by what such rows may cost: a kind of row that none of m was may be the
share 1 - tail^(1/m) of its class (Clopper and Pearson 1934), and stand at the wrong end; squares are added.
Of thirty positives two or three that stand low by chance are too small a figure with too short an interval:
above it reaches at least as far as Clopper and Pearson's limit of a share at the size that its variance tells
(Korn and Graubard 1998). Without that, one model in 28 whose area is 0.99 by positives that are ordered by
lot is refused at 0.99 by 30 positives; with it one in 120.
Newcombe's score interval (2006, method 5) supposes that both classes spread alike: where the positives spread
2.5 times as far, it passes 9 % of the models at their limit.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from msgspec.structs import replace
from scipy import special, stats

from comporta.stats.binomial import clopper_pearson, independent
from comporta.stats.bootstrap import LEVEL, Interval
from comporta.stats.clusters import INDEPENDENT, Clusters

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from comporta.stats.metrics import ScoredRows

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]


def placements(positive: Bools, score: Floats) -> tuple[Floats, Floats]:
    """Of each positive the share of negatives below it, and of each negative that of positives above it; ties
    count half."""
    whole = stats.rankdata(score)
    won = (whole[positive] - stats.rankdata(score[positive])) / int((~positive).sum())
    lost = 1 - (whole[~positive] - stats.rankdata(score[~positive])) / int(positive.sum())
    return won, lost


def welch(of_plus: Floats, of_minus: Floats, level: float) -> tuple[float, float]:
    """The variance of a mean of placements, and half of its interval with Student's quantile. Each class has
    two rows at least."""
    one = float(of_plus.var(ddof=1)) / len(of_plus)
    other = float(of_minus.var(ddof=1)) / len(of_minus)
    variance = one + other
    if variance <= 0:
        return 0.0, 0.0
    free = variance**2 / (one**2 / (len(of_plus) - 1) + other**2 / (len(of_minus) - 1))
    return variance, float(special.stdtrit(free, (1 + level) / 2)) * math.sqrt(variance)


def unseen(plus: float, minus: float, level: float) -> float:
    """Up to which share of either class a kind of row may be that is not among so many."""
    tail = (1 - level) / 2
    return min(1.0, math.hypot(1 - tail ** (1 / plus), 1 - tail ** (1 / minus)))


def area_interval(positive: Bools, score: Floats, level: float = LEVEL) -> Interval:
    """The area and its interval, of rows that are independent and count alike; none where a class has fewer
    than two rows."""
    plus, rows = int(positive.sum()), len(positive)
    if not 0 < plus < rows:
        return Interval(value=math.nan, low=None, high=None, units=rows)
    won, lost = placements(positive, score)
    value = float(won.mean())
    if min(plus, rows - plus) < 2:
        return Interval(value=value, low=None, high=None, units=rows)
    variance, half = welch(won, lost, level)
    ends = [value, value]
    if half > 0 and 0 < value < 1:
        middle, wide = special.logit(value), half / (value * (1 - value))
        ends = [float(special.expit(middle + z)) for z in (-wide, wide)]
        size = value * (1 - value) / variance
        ends[1] = max(ends[1], clopper_pearson(value * size, (1 - value) * size, (1 - level) / 2)[1])
    found = Interval(value=value, low=ends[0], high=ends[1], units=rows)
    return with_unseen(found, [unseen(plus, rows - plus, level)])


def with_unseen(
    found: Interval, shares: list[float], add: Callable[[float, float], float] = math.hypot
) -> Interval:
    """The interval of an area, or the mean of several, widened by what rows that none was may cost. shares:
    of each area, up to which part of their class they may be."""
    value, low, high = found.value, found.low, found.high
    if low is None or high is None:
        if value not in (0.0, 1.0):
            return found
        low = high = value
    share = math.hypot(*shares) / len(shares)
    return replace(
        found,
        low=max(0.0, value - add(value - low, value * share)),
        high=min(1.0, value + add(high - value, (1 - value) * share)),
    )


def of_units(found: Interval, seen: ScoredRows, clusters: Clusters, level: float = LEVEL) -> Interval:
    """The same of an area, or a mean of one for each class, that was resampled by whole units: at least as
    wide as what was not seen leaves it, counted in the rows that the units are worth."""
    placed = _placements_of(seen)
    if placed is None:
        return found
    if found.low is None and found.units > 1 and not any(welch(*each, level)[1] for each in placed):
        # One score for all rows, as of a slice by the only feature: no row moves it.
        found = replace(found, low=found.value, high=found.value)
    return with_unseen(found, _unseen_of_units(found, placed, seen, clusters, level), max)


def apart_of_units(
    found: Interval, mine: ScoredRows, theirs: ScoredRows, clusters: Clusters, level: float = LEVEL
) -> Interval:
    """The same of the difference of two areas, mine less theirs, that was resampled."""
    one, other = _placements_of(mine), _placements_of(theirs)
    same = found.low is None and found.value == 0
    if one is None or other is None or not (same or found.low is not None):
        return found
    apart = [(a - c, b - d) for (a, b), (c, d) in zip(one, other, strict=True)]
    shares = _unseen_of_units(found, apart, mine, clusters, level)
    share = math.hypot(*shares) / len(shares)
    first, second = (float(np.mean([won.mean() for won, _ in each])) for each in (one, other))
    below, above = (0.0 if end is None else end - found.value for end in (found.low, found.high))
    return replace(
        found,
        low=found.value - max(-below, first * share),
        high=found.value + max(above, second * share),
    )


def _placements_of(seen: ScoredRows) -> list[tuple[Floats, Floats]] | None:
    """The placements for the second of two classes, or for each of many; None where one has too few rows."""
    assert seen.probability is not None, "asked only where the predictions hold probabilities"
    places = (1,) if seen.classes == 2 else range(seen.classes)
    of_class = [np.asarray(seen.truth) == place for place in places]
    if any(min(each.sum(), (~each).sum()) < 2 for each in of_class):
        return None
    chances = [seen.probability[:, place] for place in places]
    return [placements(each, chance) for each, chance in zip(of_class, chances, strict=True)]


def _unseen_of_units(
    found: Interval, placed: list[tuple[Floats, Floats]], seen: ScoredRows, clusters: Clusters, level: float
) -> list[float]:
    """Of each area up to which part of a class what was not seen may be. It is counted in rows where their
    clusters differ, as that is in the interval then; where nothing varies, in clusters."""
    varies = found.low is not None and found.high is not None and found.high > found.low
    by_rows = not clusters.alone and varies and any(welch(*each, level)[1] > 0 for each in placed)
    shares = []
    for place in (1,) if seen.classes == 2 else range(seen.classes):
        of_class = np.asarray(seen.truth) == place
        counted = INDEPENDENT if by_rows else clusters
        plus, minus = (independent(each, seen.weight, counted) for each in (of_class, ~of_class))
        shares.append(unseen(plus, minus, level))
    return shares
