"""What the features tell of the target together, and what is left of that as the strongest are taken away.

Sound features share what they know: without the strongest, the others order nearly as many pairs rightly. A
leak is known by a cliff: a model that errs hardly ever, and many times as often without one, two or three of
its columns. They are taken away one after the other, the one first that matters most to a model which has
none of those before, so that columns that leak the same are all gone when the cliff comes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl
from scipy import special
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from comporta.stats.alone import parts_of
from comporta.stats.areas import unseen, with_unseen
from comporta.stats.auc import FEWEST as FEWEST_OF_CLASS
from comporta.stats.auc import pulls
from comporta.stats.bootstrap import LEVEL, Interval
from comporta.stats.means import interval_of_influence
from comporta.stats.table import without_empty

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Units = NDArray[np.int64] | None

CELLS, MOST_ROWS, FEWEST_ROWS = 1_000_000, 10_000, 2_000
"""Of features times rows that are learned from, about; and rows at most and at least."""
ASKED = 1_000
"""Test rows on which it is found which feature matters most."""
TREES = 60
UNSEEN = 0.2
"""The level, of two sides, at which kinds of rows that were not seen count: more, and 25 positives prove
nothing; none, and of models that tell 0.95 up to one in twenty is said to tell more."""
LARGEST = 1e30
"""Numbers count at most so much: beyond, their sums are no number."""


class ErrorShare(NamedTuple):
    """The share of pairs of rows that scores order wrongly, or of the variance that they leave. influence:
    of each row on it, (n,)."""

    value: float
    influence: Floats


class Removal(NamedTuple):
    """removed: the features taken away so far, in order. errors: of a model that has all others."""

    removed: tuple[str, ...]
    errors: ErrorShare


def remove_in_turn(
    train: pl.DataFrame,
    test: pl.DataFrame,
    learn: NDArray[Any],
    truth: NDArray[Any],
    *,
    classes: int,
    most: int,
    until: Callable[[Sequence[Removal]], bool] = lambda steps: False,
    stay: Collection[str] = (),
    seed: int,
) -> list[Removal]:
    """The errors with all features, and then without the most important one of those left, `most` times or
    until one is left. train, test: features alone. learn, truth: places of classes, (n,) and (m,), or
    numbers (classes 0). until: asked after each fit whether that is enough. stay: features that are never
    taken away. Empty where the errors are not defined."""
    draw = np.random.default_rng(seed)
    here, there = _as_numbers(train, test)
    rows = max(FEWEST_ROWS, min(MOST_ROWS, CELLS // max(1, here.shape[1])))
    some = np.sort(draw.permutation(len(here))[:rows])
    here, learn = here[some], learn[some]
    asked = np.sort(draw.permutation(len(there))[:ASKED])
    left, found = list(range(here.shape[1])), list[Removal]()
    gone: list[str] = []
    while True:
        scores_of = _fit_trees(here[:, left], learn, classes, seed)
        errors = errors_of(scores_of(there[:, left]), truth, classes)
        if errors is None:
            return found
        found.append(Removal(tuple(gone), errors))
        may_go = [at for at, each in enumerate(left) if train.columns[each] not in stay]
        if len(left) < 2 or len(gone) >= most or not may_go or until(found):
            return found
        costs = _permutation_costs(scores_of, there[asked][:, left], truth[asked], classes, draw)
        first = left[max(may_go, key=lambda at: costs[at])]
        gone.append(train.columns[first])
        left.remove(first)


def errors_of(scores: Floats, truth: NDArray[Any], classes: int) -> ErrorShare | None:
    """1 less the area under the ROC curve (the mean of one class against the rest), or less R². scores:
    (n, classes), or (n, 1) numbers. None where it is not defined."""
    if not classes:
        spread = (truth - truth.mean()) ** 2
        whole = float(spread.mean())
        if not (math.isfinite(whole) and whole > 0):
            return None
        error = (truth - scores[:, 0]) ** 2
        share = float(error.mean()) / whole
        return ErrorShare(share, (error - share * spread) / whole / len(truth))
    areas = [pulls(truth == place, scores[:, place]) for place in ((1,) if classes == 2 else range(classes))]
    known = [(area, pull) for area, pull in areas if pull is not None]
    if not known:
        return None
    area = float(np.mean([each for each, _ in known]))
    return ErrorShare(1 - area, -np.mean([pull for _, pull in known], axis=0))


def told_interval(
    errors: ErrorShare, truth: NDArray[Any], classes: int, units: Units, level: float = LEVEL
) -> Interval:
    """What is told, one less the errors, and its interval: on the scale of logits, since near 1 the plain one
    is too short on the side of the errors, with the rarer class's degrees of freedom. That of an area is
    widened by what kinds of rows may cost that none of a class was (`stats.areas.unseen`, at the share that
    three of five samples would show). units: whose rows hold together; None: each alone."""
    told = 1 - errors.value
    found = interval_of_influence(errors.value, errors.influence, units, level, inside=_rarer(truth, classes))
    if found.low is None or found.high is None:
        return Interval(value=told, low=None, high=None, units=found.units)
    ends = [1 - found.high, 1 - found.low]
    if 0 < told < 1:
        wide = (found.high - errors.value) / (told * (1 - told))
        ends = [float(special.expit(special.logit(told) + each)) for each in (-wide, wide)]
    told_by = Interval(value=told, low=ends[0], high=ends[1], units=found.units)
    # Where whole units differ that is in the interval already, and rows count; else units do.
    counted = None if ends[0] < ends[1] else units
    shares = [
        unseen(_count(truth == place, counted), _count(truth != place, counted), UNSEEN)
        for place in ((1,) if classes == 2 else range(classes))
        if min((truth == place).sum(), (truth != place).sum()) >= FEWEST_OF_CLASS
    ]
    return with_unseen(told_by, shares) if shares else told_by


def _rarer(truth: NDArray[Any], classes: int) -> NDArray[np.bool_] | None:
    """The rows of another class than the most common; of numbers None."""
    return np.asarray(truth != np.bincount(truth).argmax()) if classes else None


def _count(rows: NDArray[np.bool_], units: Units) -> int:
    return int(rows.sum()) if units is None else len(np.unique(units[rows]))


def ratio_interval(
    more: ErrorShare, fewer: ErrorShare, truth: NDArray[Any], classes: int, units: Units, level: float = LEVEL
) -> Interval:
    """How many times as many errors the one has, on the same rows: the interval of its logarithm. Where
    there are next to none, as many as half a row of the rarer class could make."""
    least = _least(truth, classes)
    below, above = max(fewer.value, least), max(more.value, least)
    pull = np.zeros(len(truth))
    pull += more.influence / above if more.value > least else 0.0
    pull -= fewer.influence / below if fewer.value > least else 0.0
    found = interval_of_influence(math.log(above / below), pull, units, level)
    if found.low is None or found.high is None:
        return Interval(value=above / below, low=None, high=None, units=found.units)
    low, high = (math.exp(min(max(each, -50.0), 50.0)) for each in (found.low, found.high))
    return Interval(value=above / below, low=low, high=high, units=found.units)


def _least(truth: NDArray[Any], classes: int) -> float:
    if not classes:
        return 1e-6
    counts = np.bincount(truth)
    return 0.5 / max(1, len(truth) - int(counts.max()))


def _fit_trees(X: Floats, learn: NDArray[Any], classes: int, seed: int) -> Any:
    """A function of numbers: (n, classes) chances, or (n, 1) numbers."""
    kind = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor
    model = kind(max_iter=TREES, max_leaf_nodes=15, early_stopping=False, random_state=seed)
    filled = without_empty(X, X)
    # Threads that wait for each other on so few rows cost more than the work.
    with threadpool_limits(1):
        model.fit(filled, learn)

    def scores(asked: Floats) -> Floats:
        with threadpool_limits(1):
            if not classes:
                return np.asarray(model.predict(without_empty(asked, X)))[:, None]
            out = np.zeros((len(asked), classes))
            out[:, model.classes_] = model.predict_proba(without_empty(asked, X))
        return out

    return scores


def _permutation_costs(
    scores: Any, asked: Floats, truth: NDArray[Any], classes: int, draw: np.random.Generator
) -> list[float]:
    """The loss where each column's values are given to other rows."""
    lost = np.empty(asked.shape[1])
    for place in range(asked.shape[1]):
        changed = asked.copy()
        changed[:, place] = asked[draw.permutation(len(asked)), place]
        lost[place] = _loss(scores(changed), truth, classes)
    return lost.tolist()


def _loss(said: Floats, truth: NDArray[Any], classes: int) -> float:
    if not classes:
        return float(((truth - said[:, 0]) ** 2).mean())
    chance = said[np.arange(len(truth)), truth]
    return float(-np.log(np.maximum(chance, special.expit(-12.0))).mean())


def _as_numbers(train: pl.DataFrame, test: pl.DataFrame) -> tuple[Floats, Floats]:
    """Both as numbers, (rows, features): NaN where a value is missing; words by their place among those of
    the training rows."""
    both = [_column(train[name], test[name]) for name in train.columns]
    return np.column_stack([each for each, _ in both]), np.column_stack([each for _, each in both])


def _column(train: pl.Series, test: pl.Series) -> tuple[Floats, Floats]:
    if train.dtype.is_numeric() or train.dtype.is_temporal() or train.dtype == pl.Boolean:
        return _numbers(train), _numbers(test)
    parts = parts_of(train)
    return parts.codes(train).astype(np.float64), parts.codes(test).astype(np.float64)


def _numbers(values: pl.Series) -> Floats:
    plain = values.to_physical() if values.dtype.is_temporal() else values
    found: Floats = plain.cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy()
    return np.asarray(np.clip(found, -LARGEST, LARGEST))
