"""How far two models' labels leave their difference open: few rows that part them show too little of it.

Where two models disagree on two of 2,000 rows, a resample holds none, two or four of these, and never one of
the kind that was not seen. Tango's score interval (1998) knows that for a share of right answers. A metric of
the confusion matrix changes with how many rows of each class one model has right and the other has not: each
class's difference is taken to Tango's ends, and the squares are added (MOVER, as in `shares`). That is the
least that the interval may be.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from msgspec.structs import replace

from comporta.stats.binomial import effective_size, independent
from comporta.stats.bootstrap import LEVEL, Interval, Statistic, ratio_of_sums
from comporta.stats.clusters import INDEPENDENT, Clusters
from comporta.stats.jackknife import quick_intervals
from comporta.stats.metrics import OF_CONFUSION, ScoredRows, confusion
from comporta.stats.paired import tango
from comporta.stats.shares import Ends, square_and_add, with_recalls

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]


class Parting(NamedTuple):
    """Of the rows that count what parts two models, (n,) each: apart is 1 where only the first is right, -1
    where only the second is, else 0."""

    apart: Floats
    counts: Bools
    weight: Floats | None

    def mean(self, of: Floats) -> float:
        """The mean of this over the rows that count."""
        weight = None if self.weight is None else self.weight[self.counts]
        return float(np.average(of[self.counts], weights=weight))

    def limits(self, drawn: Interval | None, clusters: Clusters, level: float) -> Ends | None:
        """Tango's ends of its mean. drawn: its interval by resampling, where rows are not alike: it tells the
        effective size. None where there is none."""
        rows = float(self.counts.sum())
        value, either = self.mean(self.apart), self.mean(np.abs(self.apart))
        size: float | None = rows
        if drawn is not None:
            alone = independent(self.counts, self.weight, clusters)
            size = effective_size(drawn, either - value**2, rows, alone, level)
        if size is None:
            return None
        return tango((either + value) / 2 * size, (either - value) / 2 * size, size, level=level)


def with_discordance(
    metric: str,
    mine: ScoredRows,
    theirs: ScoredRows,
    drawn: Interval,
    *,
    clusters: Clusters = INDEPENDENT,
    seed: int = 0,
    level: float = LEVEL,
) -> Interval:
    """The interval of a difference in a metric of labels, at least as wide as the rows on which two models
    disagree leave it open; of other metrics as it is. drawn: by resampling."""
    if mine.label is None or theirs.label is None or metric not in ("accuracy", *OF_CONFUSION):
        return drawn
    truth = np.asarray(mine.truth, np.int64)
    apart = (mine.label == truth).astype(float) - (theirs.label == truth)
    counting = _counting(metric, truth, mine.classes)
    partings = [Parting(apart, counts, mine.weight) for counts in counting if counts.any()]
    if not math.isfinite(drawn.value) or (drawn.low is None and apart.any()) or not partings:
        return drawn
    alike = clusters.alone and mine.weight is None
    found: Sequence[Interval | None] = [None] * len(partings)
    if not alike:
        found = [drawn] if len(partings) == 1 else _resample(partings, clusters, seed, level)
    ends = [each.limits(of, clusters, level) for each, of in zip(partings, found, strict=True)]
    known = [each for each in ends if each is not None]
    told = square_and_add(_combine(metric, mine, theirs), [each.mean(apart) for each in partings], known)
    if told is None or len(known) < len(ends):
        return replace(drawn, low=None, high=None)
    if drawn.low is None or drawn.high is None:
        return replace(drawn, low=told[0], high=told[1])
    return replace(drawn, low=min(told[0], drawn.low), high=max(told[1], drawn.high))


def _counting(metric: str, truth: NDArray[np.int64], classes: int) -> list[Bools]:
    """The rows whose right answers are compared: all, those of the positive class, or each class alone."""
    if metric == "accuracy":
        return [np.ones(len(truth), bool)]
    return [truth == place for place in ([1] if metric == "recall" and classes == 2 else range(classes))]


def _combine(metric: str, mine: ScoredRows, theirs: ScoredRows) -> Callable[[Sequence[float]], float]:
    """The difference of the metric, of the differences of the shares of right answers."""
    if metric == "accuracy" or (metric == "recall" and mine.classes == 2):
        return lambda apart: apart[0]
    weight = np.ones(len(mine.truth)) if mine.weight is None else mine.weight
    tables = [confusion(each)(weight) for each in (mine, theirs)]
    finish, sizes = OF_CONFUSION[metric], tables[0][:-1].sum(axis=1)
    there = np.flatnonzero(sizes > 0)
    recalls = np.diag(tables[1])[there] / sizes[there]

    def combine(apart: Sequence[float]) -> float:
        # The candidate moves, and the champion where the candidate cannot move so far.
        moved = np.clip(recalls + apart, 0, 1)
        beside = np.clip(moved - apart, 0, 1)
        return finish(with_recalls(tables[0], there, moved)) - finish(with_recalls(tables[1], there, beside))

    return combine


def _resample(partings: Sequence[Parting], clusters: Clusters, seed: int, level: float) -> list[Interval]:
    """The interval of each mean, see `quick_intervals`."""

    def statistic(of: Parting) -> Statistic:
        counts = of.counts.astype(float) if of.weight is None else of.counts * of.weight
        return ratio_of_sums(of.apart * counts, counts)

    rows = len(partings[0].apart)
    return quick_intervals([*map(statistic, partings)], rows, clusters=clusters, seed=seed, level=level)
