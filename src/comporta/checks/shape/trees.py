"""Ensembles of trees as they can be reasoned about: leaves as boxes, an answer as their sum behind a link.

LightGBM, and scikit-learn's trees, forests, gradient boosting and histogram gradient boosting, behind steps
that keep columns apart; of two classes the log-odds or chance of the second, of a forest any class. What is
read is compared with what the model answers by whoever uses it: a reading that disagrees proves nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from comporta.checks.shared.measuring.plain_models import Core, iterations_of, lightgbm_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Places = NDArray[np.int64]
    Bools = NDArray[np.bool_]

Link = Literal["identity", "sigmoid", "exp"]
FORESTS = frozenset(
    ("RandomForestClassifier", "RandomForestRegressor", "ExtraTreesClassifier", "ExtraTreesRegressor")
)
SINGLE = frozenset(
    ("DecisionTreeClassifier", "DecisionTreeRegressor", "ExtraTreeClassifier", "ExtraTreeRegressor")
)
BOOSTED = frozenset(("GradientBoostingClassifier", "GradientBoostingRegressor"))
HISTOGRAM = frozenset(("HistGradientBoostingClassifier", "HistGradientBoostingRegressor"))


class Tree(NamedTuple):
    """Nodes by place, the root first. feature: -1 at a leaf. What is at most the threshold, or in `words`,
    goes left; missing values where `missing_left` says."""

    feature: Places
    threshold: Floats
    left: Places
    right: Places
    missing_left: Bools
    value: Floats
    words: dict[int, frozenset[int]]


class Ensemble(NamedTuple):
    """The answer is the link of `base` plus the trees' sum. single: numbers are rounded to 32 bits first."""

    trees: tuple[Tree, ...]
    base: float
    link: Link
    single: bool

    def linked(self, raw: Floats | float) -> Floats:
        """The answer from the sum."""
        if self.link == "identity":
            return np.asarray(raw, dtype=np.float64)
        if self.link == "exp":
            return np.asarray(np.exp(raw))
        return np.asarray(1 / (1 + np.exp(-np.asarray(raw))))

    def __call__(self, X: Floats) -> Floats:
        """The answers to these rows, (n,)."""
        held = X.astype(np.float32).astype(np.float64) if self.single else X
        return self.linked(self.base + sum((_answers(tree, held) for tree in self.trees), np.zeros(len(X))))


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


def ensemble_of(core: Core, output: int) -> Ensemble | None:
    """output: the class, or 0 of a regression. None where it is no ensemble that is known, or no sum."""
    model, name = core.model, type(core.model).__name__
    booster = lightgbm_of(core)
    if booster is not None:
        return _lightgbm(booster, output, iterations_of(core))
    if type(model).__module__.partition(".")[0] != "sklearn":
        return None
    if name in FORESTS or name in SINGLE:
        members = model.estimators_ if name in FORESTS else [model]
        trees = tuple(_sklearn(each.tree_, output, 1 / len(members)) for each in members)
        return Ensemble(trees, 0.0, "identity", True)
    if name in BOOSTED:
        return _boosted(model, output)
    return _histogram(model, output) if name in HISTOGRAM else None


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


def _lightgbm(booster: Any, output: int, upto: int | None) -> Ensemble | None:
    told = booster.dump_model(num_iteration=upto)
    objective = str(told.get("objective", "")).split()
    kind = objective[0] if objective else ""
    per = int(told.get("num_tree_per_iteration", 1))
    if per != 1 or "sqrt" in objective:
        return None
    if kind == "binary":
        link: Link = "sigmoid"
        slope = next(
            (float(each.partition(":")[2]) for each in objective if each.startswith("sigmoid:")), 1.0
        )
        if output != 1:
            return None
    elif kind in ("regression", "regression_l1", "huber", "fair", "quantile", "mape"):
        link, slope = "identity", 1.0
    elif kind in ("poisson", "gamma", "tweedie"):
        link, slope = "exp", 1.0
    else:
        return None
    infos = told["tree_info"]
    if told.get("average_output"):
        slope /= max(1, len(infos))
    trees = []
    for info in infos:
        tree = _lightgbm_tree(info["tree_structure"], slope)
        if tree is None:
            return None
        trees.append(tree)
    return Ensemble(tuple(trees), 0.0, link, False)


def _lightgbm_tree(root: dict[str, Any], slope: float) -> Tree | None:
    nodes: list[dict[str, Any]] = []
    links: list[tuple[int, int]] = []

    def add(node: dict[str, Any]) -> int:
        nodes.append(node)
        links.append((-1, -1))
        return len(nodes) - 1

    todo = [add(root)]
    while todo:
        place = todo.pop()
        node = nodes[place]
        if "split_feature" in node:
            links[place] = add(node["left_child"]), add(node["right_child"])
            todo += links[place]
        if "leaf_coeff" in node or node.get("missing_type") == "Zero":
            return None
    words = {
        place: frozenset(int(each) for each in str(node["threshold"]).split("||"))
        for place, node in enumerate(nodes)
        if node.get("decision_type") == "=="
    }
    splits = ["split_feature" in node for node in nodes]
    threshold = np.array(
        [
            float(n["threshold"]) if s and at not in words else 0.0
            for at, (n, s) in enumerate(zip(nodes, splits, strict=True))
        ]
    )
    missing_left = np.array(
        [
            # Without a way of its own a missing number is 0, and a missing word goes right.
            False
            if not s or at in words
            else (threshold[at] >= 0.0 if n["missing_type"] == "None" else bool(n["default_left"]))
            for at, (n, s) in enumerate(zip(nodes, splits, strict=True))
        ]
    )
    return Tree(
        feature=np.array([n["split_feature"] if s else -1 for n, s in zip(nodes, splits, strict=True)]),
        threshold=threshold,
        left=np.array([one for one, _ in links]),
        right=np.array([other for _, other in links]),
        missing_left=missing_left,
        value=np.array([slope * float(n.get("leaf_value", 0.0)) for n in nodes]),
        words=words,
    )


def _sklearn(tree: Any, output: int, scale: float) -> Tree:
    value = np.asarray(tree.value[:, 0, :], dtype=np.float64)
    if value.shape[1] > 1:
        value = value / value.sum(axis=1, keepdims=True)
    missing = getattr(tree, "missing_go_to_left", None)
    return Tree(
        feature=np.where(tree.children_left < 0, -1, tree.feature).astype(np.int64),
        threshold=np.asarray(tree.threshold, dtype=np.float64),
        left=np.asarray(tree.children_left, dtype=np.int64),
        right=np.asarray(tree.children_right, dtype=np.int64),
        missing_left=np.zeros(len(value), bool) if missing is None else np.asarray(missing, dtype=bool),
        value=scale * value[:, output if value.shape[1] > 1 else 0],
        words={},
    )


def _boosted(model: Any, output: int) -> Ensemble | None:
    if model.estimators_.shape[1] != 1:
        return None
    binary = hasattr(model, "classes_")
    if binary and (output != 1 or model.loss != "log_loss"):
        return None
    base = model._raw_predict_init(np.zeros((1, model.n_features_in_), np.float32))
    trees = tuple(_sklearn(each[0].tree_, 0, model.learning_rate) for each in model.estimators_)
    return Ensemble(trees, float(np.ravel(base)[0]), "sigmoid" if binary else "identity", True)


def _histogram(model: Any, output: int) -> Ensemble | None:
    if any(len(each) != 1 for each in model._predictors):
        return None
    binary = hasattr(model, "classes_")
    if binary and output != 1:
        return None
    trees = []
    for (each,) in model._predictors:
        nodes = each.nodes
        if nodes["is_categorical"].any():
            return None
        leaf = nodes["is_leaf"].astype(bool)
        trees.append(
            Tree(
                feature=np.where(leaf, -1, nodes["feature_idx"]).astype(np.int64),
                threshold=nodes["num_threshold"].astype(np.float64),
                left=nodes["left"].astype(np.int64),
                right=nodes["right"].astype(np.int64),
                missing_left=nodes["missing_go_to_left"].astype(bool),
                value=nodes["value"].astype(np.float64),
                words={},
            )
        )
    link: Link = "sigmoid" if binary else "exp" if model.loss in ("poisson", "gamma") else "identity"
    return Ensemble(tuple(trees), float(np.ravel(model._baseline_prediction)[0]), link, False)


def wrong_way(ensemble: Ensemble, feature: int, increasing: bool) -> float:
    """How far the sum can go the wrong way, at most, as this feature rises from anywhere to anywhere: the
    sum over trees and over the feature's thresholds of the worst pair of neighbouring leaves. 0 is a proof;
    more may be no fault, for trees may make up for each other."""
    return float(sum(_wrong(tree, feature, increasing) for tree in ensemble.trees))


def range_of(ensemble: Ensemble) -> tuple[float, float]:
    """What the answer cannot be below, nor above: each tree's lowest and highest leaf. It need not be
    reached, for no row need fall in all of them."""
    leaves = [tree.value[tree.feature < 0] for tree in ensemble.trees]
    low = ensemble.base + sum(float(each.min()) for each in leaves)
    high = ensemble.base + sum(float(each.max()) for each in leaves)
    return float(ensemble.linked(low)), float(ensemble.linked(high))


def thresholds_of(ensemble: Ensemble, feature: int) -> Floats:
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


def agrees(ensemble: Ensemble, X: Floats, answers: Floats) -> bool:
    """Whether what was read answers as the model does, to a millionth of the largest answer or of 1."""
    scale = max(1.0, float(np.abs(answers).max(initial=0.0)))
    return bool(np.abs(ensemble(X) - answers).max(initial=0.0) <= 1e-6 * scale)


def nodes_of(ensemble: Ensemble) -> int:
    """How many nodes all trees have."""
    return sum(len(tree.feature) for tree in ensemble.trees)
