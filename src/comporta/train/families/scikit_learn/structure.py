"""What scikit-learn's models are made of: weights, trees, and what of the training rows they hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from comporta.records import Linear, Link, Tree, TreeEnsemble
from comporta.train.families.library import of_library
from comporta.train.families.scikit_learn.kinds import BOOSTED, FORESTS, HISTOGRAM, SINGLE

if TYPE_CHECKING:
    from numpy.typing import NDArray

LINEAR = frozenset(
    (
        "BayesianRidge",
        "ElasticNet",
        "ElasticNetCV",
        "HuberRegressor",
        "Lasso",
        "LassoCV",
        "LinearRegression",
        "LinearSVC",
        "LinearSVR",
        "LogisticRegression",
        "LogisticRegressionCV",
        "Ridge",
        "RidgeCV",
        "RidgeClassifier",
        "SGDClassifier",
        "SGDRegressor",
    )
)


KEEPS = ("_fit_X", "support_vectors_", "X_fit_", "X_train_")
"""Attributes known to hold training rows."""


def linear(model: Any) -> Linear | None:
    """None where it is no linear model that is known."""
    if type(model).__name__ not in LINEAR or not of_library(model, "sklearn"):
        return None
    weights = np.atleast_2d(np.asarray(model.coef_, dtype=np.float64))
    constants = np.broadcast_to(np.atleast_1d(np.asarray(model.intercept_, dtype=np.float64)), len(weights))
    logistic = type(model).__name__.startswith("LogisticRegression")
    return Linear(weights, constants.reshape(-1), logistic)


def trees(model: Any, output: int) -> TreeEnsemble | None:
    """Trees, forests, gradient boosting and histogram gradient boosting; of a forest any class, of boosting
    with two classes the second. None where it is no ensemble that is known, or no sum."""
    name = type(model).__name__
    if not of_library(model, "sklearn"):
        return None
    if name in FORESTS or name in SINGLE:
        members = model.estimators_ if name in FORESTS else [model]
        each_tree = tuple(_tree(each.tree_, output, 1 / len(members)) for each in members)
        return TreeEnsemble(each_tree, 0.0, "identity", True)
    if name in BOOSTED:
        return _boosted_trees(model, output)
    return _histogram(model, output) if name in HISTOGRAM else None


def leaves(part: Any) -> Iterator[NDArray[np.int64]]:
    """Of each tree, the training rows in each leaf: scikit-learn's trees and its histogram boosting."""
    own = vars(part)
    if hasattr(own.get("tree_"), "n_node_samples"):
        tree = own["tree_"]
        yield np.asarray(tree.n_node_samples[tree.children_left < 0])
    for stage in own.get("_predictors") or ():
        for each in stage if isinstance(stage, list) else ():
            nodes = each.nodes
            yield np.asarray(nodes["count"][nodes["is_leaf"].astype(bool)])


def weights(part: Any) -> int:
    """Of a linear model or a network: one for each column and output."""
    own = vars(part)
    if "coefs_" in own:
        return sum(int(np.size(each)) for each in own["coefs_"])
    if "coef_" in own and "support_vectors_" not in own:
        return int(np.size(own["coef_"]))
    return 0


def _tree(tree: Any, output: int, scale: float) -> Tree:
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


def _boosted_trees(model: Any, output: int) -> TreeEnsemble | None:
    if model.estimators_.shape[1] != 1:
        return None
    binary = hasattr(model, "classes_")
    if binary and (output != 1 or model.loss != "log_loss"):
        return None
    base = model._raw_predict_init(np.zeros((1, model.n_features_in_), np.float32))
    trees = tuple(_tree(each[0].tree_, 0, model.learning_rate) for each in model.estimators_)
    return TreeEnsemble(trees, float(np.ravel(base)[0]), "sigmoid" if binary else "identity", True)


def _histogram(model: Any, output: int) -> TreeEnsemble | None:
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
    return TreeEnsemble(tuple(trees), float(np.ravel(model._baseline_prediction)[0]), link, False)
