"""Each metric as a function of row weights: prepared once (sorted, counted), then asked for many weights.

With all weights 1 the values are scikit-learn's `roc_auc_score`, `average_precision_score`, `log_loss`,
`brier_score_loss`, `accuracy_score`, `balanced_accuracy_score`, `precision_score`, `recall_score`,
`f1_score`, `matthews_corrcoef`, `mean_absolute_error`, `root_mean_squared_error`, `r2_score`,
`median_absolute_error` and `mean_absolute_percentage_error`, the plain mean over the model's classes where
there are more than two. A quotient without a divisor is not defined, as with `zero_division=nan`, nor is a
mean of which a part is not: NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from comporta.records import Record
from comporta.stats.bootstrap import Statistic

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Places = NDArray[np.int64]

EPSILON = float(np.finfo(np.float64).eps)
NAN = float("nan")
ROUNDING = 1e-12


class ScoredRows(Record, frozen=True, kw_only=True):
    """What happened and what was said, row by row. Classification: truth and label are places among the
    classes (-1: a class the model never saw), probability is rows by classes. Regression: numbers. weight:
    how much each row counts, (n,); None: each as much."""

    classes: int
    truth: NDArray[np.int64] | Floats
    label: NDArray[np.int64] | None = None
    probability: Floats | None = None
    number: Floats | None = None
    weight: Floats | None = None


def statistic(name: str, seen: ScoredRows) -> Statistic:
    """The metric of these rows as a function of how often each is drawn; NaN where it is not defined."""
    found = _MAKERS[name](seen)
    if (weight := seen.weight) is None:
        return found
    return lambda drawn: found(drawn * weight)


def _roc_auc(seen: ScoredRows) -> Statistic:
    """Mann and Whitney's U over the number of pairs, ties half; one class against the rest, then the mean."""
    truth, probability = seen.truth, _probability(seen)
    if seen.classes == 2:
        return _auc_of(truth == 1, probability[:, 1])
    each = [_auc_of(truth == place, probability[:, place]) for place in range(seen.classes)]
    return lambda weights: float(np.mean([one(weights) for one in each]))


def _auc_of(positive: NDArray[np.bool_], score: Floats) -> Statistic:
    plus, minus = np.flatnonzero(positive), np.flatnonzero(~positive)
    minus = minus[np.argsort(score[minus], kind="stable")]
    # How many negatives lie strictly below, and at or below, each positive.
    plus = plus[np.argsort(score[plus], kind="stable")]
    under = np.searchsorted(score[minus], score[plus], side="left")
    upto = np.searchsorted(score[minus], score[plus], side="right")
    tied = bool((under != upto).any())

    def auc(weights: Floats) -> float:
        total = np.empty(len(minus) + 1)
        total[0] = 0.0
        np.cumsum(weights[minus], out=total[1:])
        mine = weights[plus]
        pairs = mine.sum() * total[-1]
        if not pairs > 0:
            return NAN
        won = mine @ total[under]
        if tied:
            won = (won + mine @ total[upto]) / 2
        return float(won / pairs)

    return auc


def _average_precision(seen: ScoredRows) -> Statistic:
    """Sum of precision at each threshold times the recall it adds; then the mean over classes."""
    truth, probability = seen.truth, _probability(seen)
    if seen.classes == 2:
        return _precision_of(truth == 1, probability[:, 1])
    each = [_precision_of(truth == place, probability[:, place]) for place in range(seen.classes)]
    return lambda weights: float(np.mean([one(weights) for one in each]))


def _precision_of(positive: NDArray[np.bool_], score: Floats) -> Statistic:
    order = np.argsort(-score, kind="stable")
    ends = np.flatnonzero(np.diff(score[order], append=np.nan) != 0)
    hits = np.flatnonzero(positive[order])
    # Only thresholds that catch something add recall: their last row, and their last hit.
    group = np.searchsorted(ends, hits)
    last = np.flatnonzero(np.diff(group, append=-1) != 0)
    ends, caught_rows = ends[group[last]], order[hits]

    def average(weights: Floats) -> float:
        caught = np.cumsum(weights[caught_rows])[last]
        if not (len(caught) and caught[-1] > 0):
            return NAN
        called = np.cumsum(weights[order])[ends]
        added = caught.copy()
        added[1:] -= caught[:-1]
        return float((added * caught / np.maximum(called, EPSILON)).sum() / caught[-1])

    return average


def _log_losses(seen: ScoredRows) -> Floats:
    probability = _probability(seen)
    known = seen.truth >= 0
    said = np.zeros(len(known))
    said[known] = probability[np.flatnonzero(known), seen.truth[known].astype(np.int64)]
    return np.asarray(-np.log(np.clip(said, EPSILON, 1.0)))


def _square_losses(seen: ScoredRows) -> Floats:
    """Squared error of the probability; halved for two classes, as scikit-learn does."""
    probability = _probability(seen)
    if seen.classes == 2:
        return np.asarray(np.square(probability[:, 1] - (seen.truth == 1)))
    came = seen.truth[:, None] == np.arange(seen.classes)
    return np.asarray(((probability - came.astype(float)) ** 2).sum(axis=1))


def _accuracy(seen: ScoredRows) -> Statistic:
    return _mean((seen.truth == _label(seen)).astype(float))


def _mean_of(loss: Callable[[ScoredRows], Floats]) -> Callable[[ScoredRows], Statistic]:
    """The mean of what each row cost."""
    return lambda seen: _mean(loss(seen))


def _of_confusion_matrix(finish: Callable[[Floats], float]) -> Callable[[ScoredRows], Statistic]:
    """A metric of the confusion matrix."""

    def make(seen: ScoredRows) -> Statistic:
        table = confusion(seen)
        return lambda weights: finish(table(weights))

    return make


def confusion(seen: ScoredRows) -> Callable[[Floats], Floats]:
    """The confusion matrix for the weights of the rows: truth in rows, unknown truth in the last; label in
    columns."""
    size, label = seen.classes, _label(seen)
    truth = np.where(seen.truth < 0, size, seen.truth).astype(np.int64)
    cell = truth * size + label

    def at(weights: Floats) -> Floats:
        counts = np.bincount(cell, weights=weights, minlength=(size + 1) * size)
        return np.asarray(counts, np.float64).reshape(size + 1, size)

    return at


def _over(top: Floats, bottom: Floats) -> Floats:
    return np.divide(top, bottom, out=np.full_like(top, NAN), where=bottom > 0)


def _binary_or_mean(each: Floats) -> float:
    """Of two classes the second's, else the mean of all: a mean of some would be of other classes in each
    slice and each resample."""
    return float(each[1] if len(each) == 2 else each.mean())


def _precision(table: Floats) -> float:
    return _binary_or_mean(_over(table.diagonal(), table.sum(axis=0)))


def _recall(table: Floats) -> float:
    return _binary_or_mean(_over(table.diagonal(), table[:-1].sum(axis=1)))


def _f1(table: Floats) -> float:
    """2 TP / (2 TP + FP + FN) (van Rijsbergen 1979, chapter 7, with equal weights): not defined where a class
    neither came nor was predicted."""
    return _binary_or_mean(_over(2 * table.diagonal(), table.sum(axis=0) + table[:-1].sum(axis=1)))


def _balanced_accuracy(table: Floats) -> float:
    return float(_over(table.diagonal(), table[:-1].sum(axis=1)).mean())


def _mcc(table: Floats) -> float:
    """Gorodkin 2004, equation 8, for any number of classes."""
    came, said = table.sum(axis=1), table.sum(axis=0)
    # With one class there, or one predicted, nothing varies together: told by the counts, which are exact.
    if min(np.count_nonzero(came), np.count_nonzero(said)) < 2:
        return NAN
    total = came.sum()
    cross = float(table.diagonal().sum() * total - came[:-1] @ said)
    scale = float((total**2 - said @ said) * (total**2 - came @ came))
    return cross / scale**0.5 if scale > 0 else NAN


def _errors(seen: ScoredRows) -> Floats:
    return np.abs(seen.truth - _number(seen))


def _mape(seen: ScoredRows) -> Statistic:
    """Not defined where a row that counts has the truth 0: no error is a share of it."""
    size = np.abs(seen.truth)
    none = size == 0
    mean = _mean(np.abs(seen.truth - _number(seen)) / np.where(none, 1.0, size))
    return lambda weights: NAN if weights[none].any() else mean(weights)


def _rmse(seen: ScoredRows) -> Statistic:
    square = _mean((seen.truth - _number(seen)) ** 2)
    return lambda weights: square(weights) ** 0.5


def _r2(seen: ScoredRows) -> Statistic:
    error = (seen.truth - _number(seen)) ** 2
    # Centred first: the difference of two large sums would lose the digits that matter.
    truth = seen.truth - seen.truth.mean()
    square = truth**2

    def r2(weights: Floats) -> float:
        total = weights.sum()
        whole = float(weights @ square)
        spread = whole - (weights @ truth) ** 2 / total if total > 0 else 0.0
        # What is left of rows that are all alike is the rounding of the sums, and no divisor.
        return float(1 - weights @ error / spread) if spread > ROUNDING * whole else NAN

    return r2


def _median_ae(seen: ScoredRows) -> Statistic:
    error = np.abs(seen.truth - _number(seen))
    order = np.argsort(error, kind="stable")
    error = error[order]

    def median(weights: Floats) -> float:
        upto = np.cumsum(weights[order])
        if not (len(upto) and upto[-1] > 0):
            return NAN
        # Half of the weight below, half above: of an even number of rows the mean of the two in the middle.
        half = upto[-1] / 2
        ends = np.searchsorted(upto, half), np.searchsorted(upto, half, side="right")
        return float(error[[*ends]].mean())

    return median


def _mean(value: Floats) -> Statistic:
    def mean(weights: Floats) -> float:
        total = weights.sum()
        return float(weights @ value / total) if total > 0 else NAN

    return mean


def _probability(seen: ScoredRows) -> Floats:
    assert seen.probability is not None, "asked only where the predictions hold probabilities"
    return seen.probability


def _label(seen: ScoredRows) -> Places:
    assert seen.label is not None, "asked only where the predictions hold labels"
    return seen.label


def _number(seen: ScoredRows) -> Floats:
    assert seen.number is not None, "asked only where the predictions are numbers"
    return seen.number


OF_CONFUSION: dict[str, Callable[[Floats], float]] = {
    "balanced_accuracy": _balanced_accuracy,
    "precision": _precision,
    "recall": _recall,
    "f1": _f1,
    "mcc": _mcc,
}
"""The metrics of a confusion matrix, as functions of it."""

ROW_LOSSES: dict[str, Callable[[ScoredRows], Floats]] = {
    "log_loss": _log_losses,
    "brier": _square_losses,
    "mae": _errors,
}
"""The metrics that are the mean of what each row cost, and what it did, (n,)."""

_MAKERS: dict[str, Callable[[ScoredRows], Statistic]] = {
    "roc_auc": _roc_auc,
    "average_precision": _average_precision,
    **{name: _mean_of(loss) for name, loss in ROW_LOSSES.items()},
    "accuracy": _accuracy,
    **{name: _of_confusion_matrix(finish) for name, finish in OF_CONFUSION.items()},
    "rmse": _rmse,
    "r2": _r2,
    "median_ae": _median_ae,
    "mape": _mape,
}
