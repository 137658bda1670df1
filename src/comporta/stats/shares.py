"""Intervals of metrics that are made of shares of rows: exact where rows are units, never without a width.

Resamples of 25 rows that are all right are all right too, and yet a model that errs once in twenty leaves
such rows one time in four. So a share takes Clopper and Pearson's limits, where rows come in units at the
size that their interval tells. A metric of several shares takes each of them to its limits in turn and adds
the squares (MOVER: Zou and Donner 2008; of any function Newcombe 2011, "Propagating imprecision").
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from msgspec.structs import replace

from comporta.stats.absent_rows import of_exact
from comporta.stats.areas import area_interval, of_units
from comporta.stats.binomial import clopper_pearson, effective_size, independent
from comporta.stats.bootstrap import LEVEL, Interval, Statistic, ratio_of_sums
from comporta.stats.clusters import INDEPENDENT, Clusters
from comporta.stats.heavy_tail import with_tail
from comporta.stats.jackknife import quick_intervals
from comporta.stats.metrics import OF_CONFUSION, ROW_LOSSES, ScoredRows, confusion, statistic
from comporta.stats.precisions import with_few
from comporta.stats.scales import longer, on_scale
from comporta.stats.skewed_mean import skewed_mean

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

Ends = tuple[float, float]
FEWEST = 4
"""Days' worth that are left at least, as a good spell shows neither the bad days nor how far they lie."""


class RowShare(NamedTuple):
    """The share of hits among the rows that count, (n,) each."""

    hit: Bools
    counts: Bools

    def statistic(self, weight: Floats | None) -> Statistic:
        """It as a function of how often each row is drawn; NaN where no row counts."""
        counts = self.counts.astype(float) if weight is None else self.counts * weight
        return ratio_of_sums(self.hit * counts, counts)


class OfShares(NamedTuple):
    """A metric as a function of shares. whole: whether their limits tell all of its uncertainty; else they
    are the least that its interval may be."""

    shares: tuple[RowShare, ...]
    combine: Callable[[Sequence[float]], float]
    whole: bool = True


def metric_intervals(
    seen: ScoredRows,
    names: Sequence[str],
    *,
    clusters: Clusters = INDEPENDENT,
    seed: int = 0,
    level: float = LEVEL,
) -> list[Interval]:
    """The interval of each metric: of shares as told above, of losses of independent rows by `skewed_mean`,
    of others by resampling rows or leaving clusters out. None where no interval exists."""
    made = {name: of_shares(name, seen) for name in names}
    alike, rows = clusters.alone and seen.weight is None, len(seen.truth)
    losses = [name for name in names if alike and name in ROW_LOSSES]
    areas = seen.classes == 2 and alike
    drawn = [
        name
        for name, each in made.items()
        if name not in losses
        and not (areas and name == "roc_auc")
        and (each is None or not each.whole or not (alike or len(each.shares) == 1))
    ]
    parts = [] if alike else [share for each in made.values() if each is not None for share in each.shares]
    asked = [*(statistic(name, seen) for name in drawn), *(share.statistic(seen.weight) for share in parts)]
    found = quick_intervals(asked, rows, clusters=clusters, seed=seed, level=level) if asked else []
    direct, of_share = dict(zip(drawn, found, strict=False)), iter(found[len(drawn) :])
    count, notes = clusters.count(rows), () if clusters.note is None else (clusters.note,)
    out = []
    for name, each in made.items():
        whole = direct.get(name)
        if name in losses:
            whole = replace(skewed_mean(ROW_LOSSES[name](seen), level), notes=notes)
        elif whole is None:
            value = statistic(name, seen)(np.ones(rows))
            whole = Interval(value=value, low=None, high=None, units=count, notes=notes)
        if each is not None:
            ends = [
                _limits(share, None if alike else next(of_share), seen.weight, clusters, level)
                for share in each.shares
            ]
            whole = _together(each, ends, whole)
        elif not clusters.alone:
            whole = on_scale(whole, name)
        if name == "roc_auc":
            whole = _area(seen, whole, clusters, level)
        if name == "average_precision":
            whole = with_few(whole, seen, clusters, level)
        out.append(of_exact(with_tail(whole, name, seen, level), name, seen, level))
    return out


def of_shares(name: str, seen: ScoredRows) -> OfShares | None:
    """The metric as a function of shares; None where it is none."""
    if seen.label is None or name not in ("accuracy", *OF_CONFUSION):
        return None
    truth, label = np.asarray(seen.truth, np.int64), seen.label
    right = truth == label
    if name == "accuracy":
        return OfShares((RowShare(right, np.ones(len(truth), bool)),), _alone)
    two = seen.classes == 2
    if name == "f1" and two:
        # Twice the hits over these and all that are found or should be: of Jaccard's share j, 2j / (1 + j).
        return OfShares((RowShare(right & (truth == 1), (truth == 1) | (label == 1)),), _f1)
    if name in ("recall", "precision", "balanced_accuracy"):
        of = label if name == "precision" else truth
        classes = [1] if two and name != "balanced_accuracy" else range(seen.classes)
        return OfShares(tuple(RowShare(right & (of == place), of == place) for place in classes), _mean)
    weight = np.ones(len(truth)) if seen.weight is None else seen.weight
    table, finish = confusion(seen)(weight), OF_CONFUSION[name]
    there = np.flatnonzero(table[:-1].sum(axis=1) > 0)
    shares = tuple(RowShare(right & (truth == place), truth == place) for place in there)
    return OfShares(shares, lambda values: finish(with_recalls(table, there, values)), whole=False)


def with_recalls(table: Floats, places: NDArray[np.int64], recalls: Sequence[float]) -> Floats:
    """The confusion matrix in which these classes have these recalls: their errors fall on the other labels
    in the shares that they do, or evenly where there are none."""
    moved = table.copy()
    for place, recall in zip(places, recalls, strict=True):
        row = table[place].copy()
        size, row[place] = row.sum(), 0.0
        missed = row.sum()
        row = row / missed if missed > 0 else (np.arange(len(row)) != place) / max(len(row) - 1, 1)
        moved[place] = row * size * (1 - recall)
        moved[place, place] = size * recall
    return moved


def square_and_add(
    combine: Callable[[Sequence[float]], float], values: Sequence[float], ends: Sequence[Ends]
) -> Ends | None:
    """The ends of a function of independent values of these ends; None where it is not defined at one."""
    at = combine(values)
    below = above = 0.0
    for place, pair in enumerate(ends):
        moved = [combine([*values[:place], end, *values[place + 1 :]]) - at for end in pair]
        if not all(map(math.isfinite, moved)):
            return None
        below += min(0.0, *moved) ** 2
        above += max(0.0, *moved) ** 2
    return at - math.sqrt(below), at + math.sqrt(above)


def _area(seen: ScoredRows, found: Interval, clusters: Clusters, level: float) -> Interval:
    """The interval of the area under the ROC curve. found: its value, and its ends if it was resampled."""
    if seen.classes == 2 and clusters.alone and seen.weight is None and seen.probability is not None:
        exact = area_interval(seen.truth == 1, seen.probability[:, 1], level)
        return replace(found, low=exact.low, high=exact.high)
    return of_units(found, seen, clusters, level)


def _limits(
    share: RowShare, found: Interval | None, weight: Floats | None, clusters: Clusters, level: float
) -> tuple[float, Ends | None]:
    """The share and its limits. found: its interval, where rows are not alike: of days whose shocks may last
    they reach towards the middle as far as if the rarer kind were a loss that is skewed."""
    rows = float(share.counts.sum())
    if rows == 0:
        return math.nan, None
    tail = (1 - level) / 2
    if found is None:
        value, size = float(share.hit[share.counts].mean()), rows
    else:
        value = found.value
        within = effective_size(
            found, value * (1 - value), rows, independent(share.counts, weight, clusters), level
        )
        if within is None:
            return value, None
        size = within
    low, high = clopper_pearson(value * size, (1 - value) * size, tail)
    if found is not None and clusters.day is not None and found.low is not None and found.high is not None:
        worth = max(found.units / found.alike, FEWEST)
        far = min(value - found.low, found.high - value) * longer(worth, level)
        low = max(min(low, value - far), 0.0) if value > 0.5 else low
        high = min(max(high, value + far), 1.0) if value < 0.5 else high
    return value, (low, high)


def _together(made: OfShares, limits: Sequence[tuple[float, Ends | None]], direct: Interval) -> Interval:
    """From the limits of its shares; of several also by resampling them together, where that is wider."""
    values, ends = [value for value, _ in limits], [each for _, each in limits if each is not None]
    varies = any(0 < value < 1 for value in values)
    # What was resampled and varied has no interval for a reason of its own.
    lacks = direct.low is None and varies and not made.whole
    told = None
    if math.isfinite(direct.value) and len(ends) == len(limits) and not lacks:
        told = square_and_add(made.combine, values, ends)
    if told is None:
        return replace(direct, low=None, high=None)
    low, high = told
    if len(values) > 1 and direct.low is not None and direct.high is not None:
        low, high = min(low, direct.low), max(high, direct.high)
    return replace(direct, low=low, high=high)


def _alone(values: Sequence[float]) -> float:
    return values[0]


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _f1(values: Sequence[float]) -> float:
    return 2 * values[0] / (1 + values[0])
