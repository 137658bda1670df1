"""Ensembles of trees as they can be reasoned about: leaves as boxes, an answer as their sum behind a link.

What was read of a model is compared with what it answers by whoever uses it: a reading that disagrees proves
nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from comporta.records import Tree, TreeEnsemble

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Places = NDArray[np.int64]
    Bools = NDArray[np.bool_]


class Leaves(NamedTuple):
    """The boxes of one tree's leaves over the features it reads. low, high: (leaves, features), above low
    and at most high; missing: whether a missing value reaches it; words: (leaves, words) by the place of the
    feature, for those that are split by words."""

    features: Places
    low: Floats
    high: Floats
    missing: Bools
    words: dict[int, Bools]
    value: Floats


def apply_link(ensemble: TreeEnsemble, raw: Floats | float) -> Floats:
    """The answer from the sum."""
    if ensemble.link == "identity":
        return np.asarray(raw, dtype=np.float64)
    if ensemble.link == "exp":
        return np.asarray(np.exp(raw))
    return np.asarray(1 / (1 + np.exp(-np.asarray(raw))))


def answers_of(ensemble: TreeEnsemble, X: Floats) -> Floats:
    """The answers to these rows, (n,)."""
    held = X.astype(np.float32).astype(np.float64) if ensemble.single else X
    return apply_link(
        ensemble, ensemble.base + sum((_answers(tree, held) for tree in ensemble.trees), np.zeros(len(X)))
    )


def leaves_of(tree: Tree) -> Leaves:
    """The box of each leaf."""
    used = np.unique(tree.feature[tree.feature >= 0])
    at = {int(feature): place for place, feature in enumerate(used)}
    sizes = {
        at[int(tree.feature[node])]: 1 + max((max(w, default=0) for w in tree.words.values()), default=0)
        for node in tree.words
    }
    found: list[tuple[Floats, Floats, Bools, dict[int, Bools], float]] = []
    # Words beyond those named anywhere are one more place: they all go right.
    start = {place: np.ones(size + 1, dtype=bool) for place, size in sizes.items()}
    whole = np.full(len(used), -np.inf), np.full(len(used), np.inf), np.ones(len(used), dtype=bool)
    todo = [(0, *whole, start)]
    while todo:
        node, low, high, missing, words = todo.pop()
        feature = int(tree.feature[node])
        if feature < 0:
            found.append((low, high, missing, words, float(tree.value[node])))
            continue
        place = at[feature]
        for child, is_left in ((int(tree.left[node]), True), (int(tree.right[node]), False)):
            a, b, gone, named = low.copy(), high.copy(), missing.copy(), words
            gone[place] &= bool(tree.missing_left[node]) == is_left
            if node in tree.words:
                here = np.array([one in tree.words[node] for one in range(len(words[place]))])
                named = words | {place: words[place] & (here == is_left)}
                reached = named[place].any() or gone[place]
            else:
                threshold = tree.threshold[node]
                if is_left:
                    b[place] = min(b[place], threshold)
                else:
                    a[place] = max(a[place], threshold)
                reached = a[place] < b[place] or gone[place]
            if reached:
                todo.append((child, a, b, gone, named))
    lows, highs, gones, worded, values = zip(*found, strict=True)
    return Leaves(
        features=used,
        low=np.array(lows).reshape(len(found), len(used)),
        high=np.array(highs).reshape(len(found), len(used)),
        missing=np.array(gones).reshape(len(found), len(used)),
        words={place: np.array([each[place] for each in worded]) for place in sizes},
        value=np.array(values),
    )


def _answers(tree: Tree, X: Floats) -> Floats:
    node = np.zeros(len(X), np.int64)
    while True:
        feature = tree.feature[node]
        open_ = np.flatnonzero(feature >= 0)
        if not len(open_):
            return tree.value[node]
        at = node[open_]
        x = X[open_, feature[open_]]
        gone = np.isnan(x)
        with np.errstate(invalid="ignore"):
            left = x <= tree.threshold[at]
        for one, words in tree.words.items():
            here = at == one
            left[here] = [not np.isnan(each) and int(each) in words for each in x[here]]
        left = np.where(gone, tree.missing_left[at], left)
        node[open_] = np.where(left, tree.left[at], tree.right[at])


def wrong_way(ensemble: TreeEnsemble, feature: int, increasing: bool) -> float:
    """How far the sum can go the wrong way, at most, as this feature rises from anywhere to anywhere: the
    sum over trees and over the feature's thresholds of the worst pair of neighbouring leaves. 0 is a proof;
    more may be no fault, for trees may make up for each other."""
    return float(sum(_wrong(tree, feature, increasing) for tree in ensemble.trees))


def range_of(ensemble: TreeEnsemble) -> tuple[float, float]:
    """What the answer cannot be below, nor above: each tree's lowest and highest leaf. It need not be
    reached, for no row need fall in all of them."""
    leaves = [tree.value[tree.feature < 0] for tree in ensemble.trees]
    low = ensemble.base + sum(float(each.min()) for each in leaves)
    high = ensemble.base + sum(float(each.max()) for each in leaves)
    return float(apply_link(ensemble, low)), float(apply_link(ensemble, high))


def thresholds_of(ensemble: TreeEnsemble, feature: int) -> Floats:
    """Where the answer can change as this feature does, ascending."""
    found = [tree.threshold[tree.feature == feature] for tree in ensemble.trees]
    return np.unique(np.concatenate(found)) if found else np.empty(0)


def _wrong(tree: Tree, feature: int, increasing: bool) -> float:
    if not (tree.feature == feature).any():
        return 0.0
    leaves = leaves_of(tree)
    at = int(np.searchsorted(leaves.features, feature))
    if at in leaves.words:
        return float("inf")
    total = 0.0
    for threshold in np.unique(leaves.high[np.isfinite(leaves.high[:, at]), at]):
        below = np.flatnonzero((leaves.high[:, at] == threshold) & (leaves.low[:, at] < threshold))
        above = np.flatnonzero((leaves.low[:, at] == threshold) & (leaves.high[:, at] > threshold))
        if not (len(below) and len(above)):
            continue
        meet = _meet(leaves, below, above, at)
        step = leaves.value[above][None] - leaves.value[below][:, None]
        wrong = np.where(meet, -step if increasing else step, 0.0)
        total += max(0.0, float(wrong.max()))
    return total


def _meet(leaves: Leaves, below: Places, above: Places, but: int) -> Bools:
    """Which leaves two rows can lie in that differ in one feature alone, (below, above)."""
    meet = np.ones((len(below), len(above)), dtype=bool)
    for place in range(len(leaves.features)):
        if place == but:
            continue
        both = leaves.missing[below, place][:, None] & leaves.missing[above, place][None]
        if place in leaves.words:
            named = leaves.words[place]
            both |= (named[below][:, None] & named[above][None]).any(axis=2)
        else:
            low = np.maximum(leaves.low[below, place][:, None], leaves.low[above, place][None])
            high = np.minimum(leaves.high[below, place][:, None], leaves.high[above, place][None])
            both |= low < high
        meet &= both
        if not meet.any():
            break
    return meet


def agrees(ensemble: TreeEnsemble, X: Floats, answers: Floats) -> bool:
    """Whether what was read answers as the model does, to a millionth of the largest answer or of 1."""
    scale = max(1.0, float(np.abs(answers).max(initial=0.0)))
    return bool(np.abs(answers_of(ensemble, X) - answers).max(initial=0.0) <= 1e-6 * scale)


def nodes_of(ensemble: TreeEnsemble) -> int:
    """How many nodes all trees have."""
    return sum(len(tree.feature) for tree in ensemble.trees)
