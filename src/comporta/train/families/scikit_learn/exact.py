"""What scikit-learn's trees compare, and whether a graph compares the same, at each threshold and beside it.

scikit-learn's trees and forests round to 32 bits themselves, so there a 32-bit threshold rounded down
compares alike. Histogram boosting compares doubles: its graph is given 64-bit thresholds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from comporta.train.families.inside import inside
from comporta.train.families.library import of_library
from comporta.train.families.onnx.doubles import compares_doubles, takes_doubles, tree_nodes
from comporta.train.families.scikit_learn.kinds import BOOSTED, FORESTS, HISTOGRAM, SINGLE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

PLAIN = frozenset(("ColumnTransformer", "Pipeline", "SimpleImputer", "OneHotEncoder", "OrdinalEncoder"))
"""What changes no number but a missing one, and makes small whole numbers of words."""


def branch_values(node: Any, model: Any) -> list[float] | None:
    """What each node of a graph's trees compares with, in doubles; None of a model that compares others.

    Raises ValueError where the trees are not the model's."""
    if type(model).__name__ not in HISTOGRAM:
        return None
    held = {each.name: each for each in node.attribute}
    trees = [each.nodes for stage in model._predictors for each in stage]
    values = []
    for tree, place, mode in zip(
        held["nodes_treeids"].ints, held["nodes_nodeids"].ints, held["nodes_modes"].strings, strict=True
    ):
        if mode == b"LEAF":
            values.append(0.0)
            continue
        one = trees[tree][place]
        if mode != b"BRANCH_LEQ" or one["is_leaf"] or one["is_categorical"]:
            raise ValueError("a branch that is no threshold of the model's")
        values.append(float(one["num_threshold"]))
    return values


def compares_alike(graph: Any, model: Any) -> bool:
    """Whether the trees of this graph compare as the model's do, whatever they are asked: known where what
    stands before the trees only hands numbers on and turns words into small ones."""
    if not any(tree_nodes(graph)):
        return True
    if not all(map(_hands_on, _before(model))):
        return False
    return compares_doubles(graph) or (not takes_doubles(graph) and _rounded_alike(graph, model))


def thresholds(model: Any) -> tuple[Floats, ...] | None:
    """Of each column that the model reads, the thresholds of its trees, rising; None where it is no tree, nor
    made of trees, that read the features themselves."""
    if type(model).__name__ in HISTOGRAM and of_library(model, "sklearn"):
        return _cuts(model)
    trees = [each.tree_ for each in inside(model) if hasattr(each, "tree_")]
    if not trees or type(model).__name__ not in FORESTS | SINGLE | BOOSTED:
        return None
    columns = np.concatenate([each.feature[each.children_left >= 0] for each in trees])
    cuts = np.concatenate([each.threshold[each.children_left >= 0] for each in trees])
    return tuple(np.unique(cuts[columns == column]) for column in range(model.n_features_in_))


def _before(model: Any) -> list[Any]:
    """What stands before the last estimator of a pipeline, and within that."""
    return [each for _, step in getattr(model, "steps", [])[:-1] for each in inside(step)]


def _hands_on(part: Any) -> bool:
    if not of_library(part, "sklearn"):
        return False
    if type(part).__name__ == "FunctionTransformer":
        return part.func is None
    # A number among its categories is compared as a number: a category is a threshold on both sides.
    words = all(each.dtype.kind in "OUSb" for each in getattr(part, "categories_", ()))
    return type(part).__name__ in PLAIN and words


def _cuts(model: Any) -> tuple[Floats, ...]:
    columns: list[list[float]] = [[] for _ in range(model.n_features_in_)]
    for stage in model._predictors:
        for each in stage:
            split = each.nodes[each.nodes["is_leaf"] == 0]
            for column, threshold in zip(split["feature_idx"], split["num_threshold"], strict=True):
                columns[int(column)].append(float(threshold))
    return tuple(np.unique(np.asarray(each, np.float64)) for each in columns)


def _rounded_alike(graph: Any, model: Any) -> bool:
    """Whether the thresholds of a graph's trees are, in 32 bits, those of the model's own, which rounds what
    it compares to 32 bits too; and no other trees are among its parts."""
    asked: list[tuple[int, float]] = []
    for part in inside(model):
        tree = getattr(part, "tree_", None)
        if tree is None:
            if type(part).__name__ in HISTOGRAM or hasattr(part, "booster_"):
                return False
            continue
        split = tree.children_left >= 0
        asked += zip(tree.feature[split].tolist(), _down(tree.threshold[split]).tolist(), strict=True)
    kept: list[tuple[int, float]] = []
    for node in tree_nodes(graph):
        held = {each.name: each for each in node.attribute}
        kept += [
            (feature, value)
            for feature, value, mode in zip(
                held["nodes_featureids"].ints,
                held["nodes_values"].floats,
                held["nodes_modes"].strings,
                strict=True,
            )
            if mode != b"LEAF"
        ]
    return sorted(asked) == sorted(kept)


def _down(thresholds: Floats) -> NDArray[np.float32]:
    """The largest 32-bit number that is at most each threshold."""
    near = thresholds.astype(np.float32)
    below = np.nextafter(near, np.float32(-np.inf))
    return np.where(near.astype(np.float64) > thresholds, below, near)
