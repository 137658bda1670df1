"""Confident learning: which labels a model that never saw the row contradicts with confidence, and how many.

Northcutt, Jiang and Chuang 2021, "Confident Learning: Estimating Uncertainty in Dataset Labels", Journal of
Artificial Intelligence Research 70. Its numbers are cleanlab's `estimate_joint` and `find_label_issues`
with `prune_by_noise_rate`, which the tests hold it against.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from comporta.stats.bootstrap import Statistic

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Places = NDArray[np.int64]
    Bools = NDArray[np.bool_]


def thresholds(given: Places, chance: Floats, weights: Floats | None = None) -> Floats:
    """For each class, the mean chance of it among the rows given that label; 1 for a class of no row."""
    classes = chance.shape[1]
    weight = np.ones(len(given)) if weights is None else weights
    own = chance[np.arange(len(given)), given]
    total = np.bincount(given, weights=weight, minlength=classes)
    sums = np.bincount(given, weights=weight * own, minlength=classes)
    return np.divide(sums, total, out=np.ones(classes), where=total > 0)


def joint(given: Places, chance: Floats) -> Floats:
    """The joint of given (rows) and true (columns) labels, k by k, summing to 1: equations 1 to 3.

    given: each row's label as a place among the classes. chance: rows by classes, out of fold.
    """
    ones = np.ones(len(given))
    return _joint(given, _likely(chance, thresholds(given, chance)), chance.shape[1], ones)


def find_label_errors(given: Places, chance: Floats) -> Bools:
    """The rows whose label is to be looked at: for each pair of classes as many as the joint says, those of
    the largest margin first (prune by noise rate), less those whose label is the likeliest class anyway."""
    rows, classes = chance.shape
    counts = np.bincount(given, minlength=classes)
    noise = _whole(joint(given, chance), counts)
    found = np.zeros(rows, dtype=bool)
    own = chance[np.arange(rows), given]
    for is_given in range(classes):
        mine = np.flatnonzero(given == is_given)
        for truly in range(classes):
            many = int(noise[is_given, truly])
            if truly == is_given or not many or len(mine) == 0:
                continue
            margin = chance[mine, truly] - own[mine]
            many = min(many, len(mine))
            found[mine[np.argpartition(-margin, many - 1)[:many]]] = True
    return np.asarray(found & (np.argmax(chance, axis=1) != given))


def share_contradicted(given: Places, chance: Floats) -> Statistic:
    """The share of labels contradicted, as a function of the rows' weights: of each pair of classes as many
    as the joint says, and no more than there are rows whose likeliest class is the other.

    The second clause is for rare classes, whose low threshold lets the joint call rows theirs that are more
    likely something else.
    """
    classes = chance.shape[1]
    likeliest = np.argmax(chance, axis=1)
    own = chance[np.arange(len(given)), given]

    def share(weights: Floats) -> float:
        total = float(weights.sum())
        if not total > 0:
            return float("nan")
        counts = np.bincount(given, weights=weights, minlength=classes)
        sums = np.bincount(given, weights=weights * own, minlength=classes)
        cuts = np.divide(sums, counts, out=np.ones(classes), where=counts > 0)
        table = _joint(given, _likely(chance, cuts), classes, weights)
        seen = np.bincount(given * classes + likeliest, weights=weights, minlength=classes**2)
        least = np.minimum(table * total, seen.reshape(classes, classes))
        return float((least.sum() - np.trace(least)) / total)

    return share


def _likely(chance: Floats, cuts: Floats) -> Places:
    """Each row's likeliest class among those whose chance reaches the class's threshold; -1 for none."""
    # cleanlab's own tolerance: a threshold that is one row's own chance must let it through.
    enough = chance >= cuts - 1e-6
    if chance.shape[1] == 2:
        first = enough[:, 0] & (~enough[:, 1] | (chance[:, 0] >= chance[:, 1]))
        return np.asarray(np.where(first, 0, np.where(enough[:, 1], 1, -1)))
    best = np.argmax(np.where(enough, chance, -1.0), axis=1)
    return np.asarray(np.where(enough.any(axis=1), best, -1))


def _joint(given: Places, likely: Places, classes: int, weights: Floats) -> Floats:
    sure = likely >= 0
    counted = np.bincount(
        given[sure] * classes + likely[sure], weights=weights[sure], minlength=classes**2
    ).reshape(classes, classes)
    counts = np.bincount(given, weights=weights, minlength=classes)
    # As cleanlab has it: a class of which no row is sure stands on the diagonal.
    counted[np.diag_indices(classes)] = np.maximum(np.diag(counted), 1)
    rows = counted.sum(axis=1, keepdims=True)
    table = counted / rows * counts[:, None]
    total = table.sum()
    return np.asarray(table / total if total > 0 else table)


def _whole(table: Floats, counts: Places) -> Places:
    """The joint as whole rows, each class keeping its count: largest remainders first."""
    wanted = table / np.maximum(table.sum(axis=1, keepdims=True), 1e-300) * counts[:, None]
    whole = np.floor(wanted).astype(np.int64)
    for each in range(len(counts)):
        missing = int(counts[each] - whole[each].sum())
        order = np.argsort(-(wanted[each] - whole[each]), kind="stable")
        whole[each, order[:missing]] += 1
    return np.asarray(whole)
