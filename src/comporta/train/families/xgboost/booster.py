"""XGBoost's boosters, read: their own JSON (xgboost 3.2, `doc/model.schema`), and the trees that answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from comporta.records import Link, Tree
from comporta.train.families.library import of_library

if TYPE_CHECKING:
    from numpy.typing import NDArray

ESTIMATORS = ("XGBClassifier", "XGBRegressor", "XGBRFClassifier", "XGBRFRegressor")
LINKS: dict[str, Link] = {
    "binary:logistic": "sigmoid",
    "reg:logistic": "sigmoid",
    "reg:squarederror": "identity",
    "reg:pseudohubererror": "identity",
    "reg:absoluteerror": "identity",
    "reg:quantileerror": "identity",
    "reg:squaredlogerror": "identity",
    "reg:gamma": "exp",
    "reg:tweedie": "exp",
    "count:poisson": "exp",
}
"""From the sum of the trees to the answer, of objectives with one number."""


class BoostedTrees(NamedTuple):
    """trees: of each output, those that its sum is made of, with 32-bit values. bases: of each output, what
    the sum begins with. objective: XGBoost's name."""

    trees: tuple[tuple[Tree, ...], ...]
    bases: NDArray[np.float64]
    objective: str


def booster_of(model: Any) -> Any:
    """The booster of XGBoost's estimators, or of itself; None of any other."""
    if not of_library(model, "xgboost"):
        return None
    kind = type(model).__name__
    return model.get_booster() if kind in ESTIMATORS else model if kind == "Booster" else None


def rounds_of(model: Any) -> tuple[int, int]:
    """The rounds that answer, (first, one past the last): (0, 0) for all of them."""
    best = booster_of(model).attr("best_iteration")
    return (0, 0) if best is None else (0, int(best) + 1)


def read(model: Any) -> BoostedTrees | None:
    """The trees that answer; None of any other model, and where the answer is no sum of plain trees."""
    booster = booster_of(model)
    if booster is None:
        return None
    learner = json.loads(bytes(booster.save_raw("json")))["learner"]
    grown = learner["gradient_booster"]
    shape = learner["learner_model_param"]
    if grown.get("name") != "gbtree" or int(shape.get("num_target", 1)) > 1:
        return None
    held = grown["model"]
    _, until = rounds_of(model)
    last = held["iteration_indptr"][until] if until else len(held["trees"])
    objective = str(learner["objective"]["name"])
    outputs = max(1, int(shape["num_class"]))
    trees: list[list[Tree]] = [[] for _ in range(outputs)]
    for output, tree in zip(held["tree_info"][:last], held["trees"][:last], strict=True):
        if int(tree["tree_param"]["size_leaf_vector"]) > 1:
            return None
        trees[output].append(_tree(tree))
    bases = _margins(shape["base_score"], objective)
    return BoostedTrees(tuple(map(tuple, trees)), np.broadcast_to(bases, (outputs,)), objective)


def thresholds(model: Any) -> tuple[NDArray[np.float64], ...] | None:
    """Of each feature the largest numbers that still go left, rising; None of any other model."""
    boosted = read(model)
    if boosted is None:
        return None
    every = [tree for trees in boosted.trees for tree in trees]
    width = int(model.n_features_in_)
    columns: list[list[NDArray[np.float64]]] = [[] for _ in range(width)]
    for tree in every:
        plain = (tree.feature >= 0) & ~np.isin(np.arange(len(tree.feature)), list(tree.words))
        for column in np.unique(tree.feature[plain]):
            columns[column].append(tree.threshold[plain & (tree.feature == column)])
    return tuple(np.unique(np.concatenate(each)) if each else np.empty(0) for each in columns)


def _margins(score: str, objective: str) -> NDArray[np.float64]:
    """Of each output the number that its sum begins with. score: one number, or a list of them (from 3.1)."""
    scores = np.atleast_1d(np.array(json.loads(score.strip()), dtype=np.float64))
    link = LINKS.get(objective, "identity")
    if link == "sigmoid":
        return np.asarray(np.log(scores / (1 - scores)))
    return np.asarray(np.log(scores)) if link == "exp" else scores


def _tree(held: dict[str, Any]) -> Tree:
    """What is below a 32-bit threshold goes left, and words that are listed go right (`doc/tutorials/
    categorical`): here the left takes what is at most the number before, or what is listed."""
    left, right = (np.array(held[side], np.int64) for side in ("left_children", "right_children"))
    leaf = left < 0
    values = np.array(held["split_conditions"], np.float32)
    missing = np.array(held["default_left"], np.int64) == 1
    words: dict[int, frozenset[int]] = {}
    listed = zip(held["categories_nodes"], held["categories_segments"], held["categories_sizes"], strict=True)
    for node, begins, size in listed:
        words[node] = frozenset(held["categories"][begins : begins + size])
        left[node], right[node] = right[node], left[node]
        missing[node] = not missing[node]
    below = np.nextafter(values, np.float32(-np.inf)).astype(np.float64)
    plain = ~leaf & ~np.isin(np.arange(len(left)), list(words))
    return Tree(
        feature=np.where(leaf, -1, np.array(held["split_indices"], np.int64)),
        threshold=np.where(plain, below, 0.0),
        left=left,
        right=right,
        missing_left=missing & ~leaf,
        value=np.where(leaf, values.astype(np.float64), 0.0),
        words=words,
    )
