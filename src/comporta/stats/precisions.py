"""Intervals of the average precision that hold where the positives are few.

It is the mean, over the positives, of the precision down to each. Of few positives a resample knows neither
the kind of positive that is absent, which may be found last, nor the few negatives of a kind that is absent,
which may stand before all: where one row in a thousand is positive, four negatives in a thousand on top leave
little precision. So it is widened by both, as the area under the ROC curve is (see `areas`); and of fewer
than twenty positives there is none: precision there is mostly each positive's own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from msgspec.structs import replace

from comporta.stats.binomial import independent
from comporta.stats.bootstrap import LEVEL, Interval
from comporta.stats.clusters import Clusters

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from comporta.stats.metrics import ScoredRows

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

FEWEST = 20
"""Rows of a class, or of it and all others, below which the average precision has no interval."""


def with_few(found: Interval, seen: ScoredRows, clusters: Clusters, level: float = LEVEL) -> Interval:
    """The interval of the average precision, as few rows of a class leave it open. found: by resampling."""
    if found.low is None or found.high is None:
        return found
    counted = _rows_of_classes(seen, clusters)
    if _fewest(counted) < FEWEST:
        return replace(found, low=None, high=None)
    below, above = _reach(seen, counted, level)
    return replace(
        found,
        low=max(0.0, found.value - math.hypot(found.value - found.low, below)),
        high=min(1.0, found.value + math.hypot(found.high - found.value, above)),
    )


def apart_with_few(
    found: Interval, mine: ScoredRows, theirs: ScoredRows, clusters: Clusters, level: float = LEVEL
) -> Interval:
    """The same of the difference of two models' average precisions, mine less theirs: what is absent may cost
    either alone. Two that answer alike have no other interval."""
    alike = found.low is None and found.value == 0 and found.units > 1
    if alike:
        found = replace(found, low=0.0, high=0.0)
    if found.low is None or found.high is None:
        return found
    counted = _rows_of_classes(mine, clusters)
    if _fewest(counted) < FEWEST:
        return replace(found, low=None, high=None)
    first, second = (_reach(each, counted, level)[0] for each in (mine, theirs))
    return replace(
        found,
        low=found.value - math.hypot(found.value - found.low, first),
        high=found.value + math.hypot(found.high - found.value, second),
    )


def _rows_of_classes(seen: ScoredRows, clusters: Clusters) -> dict[int, tuple[float, float]]:
    """By class, how many rows of it, and of all others, tell something of their own; of two the second. How
    days differ is in what was measured by leaving them out."""
    truth, clusters = np.asarray(seen.truth), Clusters(unit=clusters.unit)
    return {
        place: (
            independent(truth == place, seen.weight, clusters),
            independent(truth != place, seen.weight, clusters),
        )
        for place in ([1] if seen.classes == 2 else range(seen.classes))
    }


def _fewest(counted: Mapping[int, tuple[float, float]]) -> float:
    return min(map(min, counted.values()))


def _reach(seen: ScoredRows, counted: Mapping[int, tuple[float, float]], level: float) -> tuple[float, float]:
    """How much lower, and higher, the mean over these classes may be by rows of an absent kind. counted: of
    each class and of all others, the rows that there are."""
    assert seen.probability is not None, "asked only where the predictions hold probabilities"
    lower, higher = [], []
    for place, rows in counted.items():
        plus, minus = (1 - ((1 - level) / 2) ** (1 / each) for each in rows)
        mean = _mean_precision(np.asarray(seen.truth) == place, seen.probability[:, place], seen.weight)
        value = mean(0.0)
        lower.append(math.hypot(value * plus, value - mean(minus)))
        higher.append((1 - value) * plus)
    return math.hypot(*lower) / len(lower), math.hypot(*higher) / len(higher)


def _mean_precision(positive: Bools, score: Floats, weight: Floats | None) -> Callable[[float], float]:
    """The average precision, of such a share of more negatives that stand before all."""
    count = np.ones(len(score)) if weight is None else weight
    order = np.argsort(-score, kind="stable")
    last = np.searchsorted(-score[order], -score[positive], side="right") - 1
    caught = np.cumsum((count * positive)[order])[last]
    called = np.cumsum(count[order])[last]
    mine, others = count[positive], float(count[~positive].sum())
    return lambda more: float(np.average(caught / (called + more * others), weights=mine))
