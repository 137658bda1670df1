"""CatBoost's trees, read from its own JSON (catboost 1.2, `catboost/docs`, "Exporting a model to JSON")."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from comporta.records import Tree
from comporta.train.families.library import of_library
from comporta.train.families.onnx.tree_sums import SumLink, TreeSums

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

ESTIMATORS = ("CatBoostClassifier", "CatBoostRegressor")
_LINKS: dict[str, SumLink] = {
    "Logloss": "sigmoid",
    "CrossEntropy": "sigmoid",
    "MultiClass": "softmax",
    "MultiClassOneVsAll": "sigmoid",
}
"""From the sum of the trees to the probability, of losses of classes."""
LARGEST = 2_000_000
"""Nodes, trees of all outputs together: a larger model is asked itself, and not read."""


def is_catboost(model: Any) -> bool:
    """Whether it is one of CatBoost's fitted classifiers and regressors."""
    return of_library(model, "catboost") and type(model).__name__ in ESTIMATORS and bool(model.is_fitted())


def answers_by(model: Any) -> str:
    """What CatBoost calls the kind of prediction that its estimator answers with."""
    if type(model).__name__ == "CatBoostClassifier":
        return "Probability"
    return str(model._get_default_prediction_type())


def read(model: Any) -> TreeSums | None:
    """The trees that answer; None of any other model, and where they ask for words or answer no plain sum."""
    if not is_catboost(model) or model.get_cat_feature_indices() or (link := _link(model)) is None:
        return None
    outputs = len(np.atleast_1d(model.get_scale_and_bias()[1]))
    if int(model.get_tree_leaf_counts().sum()) * 2 * outputs > LARGEST:
        return None
    text = _as_json(model)
    floats = text["features_info"].get("float_features", [])
    place = {each["feature_index"]: each["flat_feature_index"] for each in floats}
    # A value that is missing is less than every border, or greater; of a feature that had none it compares
    # as false, and so is not above.
    above = {each["feature_index"]: each["nan_value_treatment"] == "AsTrue" for each in floats}
    scale, bases = text["scale_and_bias"][0], np.atleast_1d(text["scale_and_bias"][1])
    trees: list[list[Tree]] = [[] for _ in bases]
    for held in text.get("oblivious_trees") or text.get("trees") or []:
        asked = _questions(held)
        if asked is None:
            return None
        leaf, whose = asked.feature < 0, asked.feature.tolist()
        flat = np.array([place.get(each, -1) for each in whose], np.int64)
        left = np.array([not above.get(each, False) for each in whose]) & ~leaf
        for output, members in enumerate(trees):
            value = np.where(leaf, asked.values[:, output] * scale, 0.0)
            members.append(Tree(flat, asked.border, asked.below, asked.above, left, value, {}))
    return TreeSums(tuple(map(tuple, trees)), np.asarray(bases, np.float64), link, double=True)


def thresholds(model: Any) -> tuple[Floats, ...] | None:
    """Of each feature the largest numbers that still go left, rising; None of any other model."""
    sums = read(model)
    if sums is None:
        return None
    columns: list[list[Floats]] = [[] for _ in model.feature_names_]
    for tree in sums.trees[0]:
        for column in np.unique(tree.feature[tree.feature >= 0]):
            columns[column].append(tree.threshold[tree.feature == column])
    return tuple(np.unique(np.concatenate(each)) if each else np.empty(0) for each in columns)


def _link(model: Any) -> SumLink | None:
    """From the sums to the answer; None where it is neither of these."""
    by = answers_by(model)
    if by == "Exponent":
        return "exp"
    if by == "RawFormulaVal":
        return "identity"
    if by != "Probability":
        return None
    return _LINKS.get(json.loads(model.get_metadata()["params"])["loss_function"]["type"])


def _as_json(model: Any) -> Any:
    # CatBoost writes it to a file only.
    with tempfile.TemporaryDirectory(prefix="comporta-trees-") as folder:
        file = Path(folder) / "model.json"
        model.save_model(str(file), format="json")
        return json.loads(file.read_bytes())


class _Questions(NamedTuple):
    """A tree node by node: whose number (-1 at a leaf), the border, the nodes for numbers of at most that and
    above it, (nodes, outputs) values."""

    feature: NDArray[np.int64]
    border: Floats
    below: NDArray[np.int64]
    above: NDArray[np.int64]
    values: Floats


def _questions(held: Any) -> _Questions | None:
    """None where it asks for anything but numbers."""
    found = _of_levels(held) if "splits" in held else _of_nodes(held)
    if found is None:
        return None
    # Borders are 32-bit numbers, which the text shortens.
    return found._replace(border=found.border.astype(np.float32).astype(np.float64))


def _of_levels(held: Any) -> _Questions | None:
    """Of a tree with one question a level. What is above the border of level k adds 2^k to the place of its
    leaf."""
    splits = held["splits"] or []
    if any(each["split_type"] != "FloatFeature" for each in splits):
        return None
    depth = len(splits)
    inner, count = 2**depth - 1, 2 ** (depth + 1) - 1
    level = np.repeat(np.arange(depth), 2 ** np.arange(depth))
    feature, border = np.full(count, -1, np.int64), np.zeros(count)
    feature[:inner] = np.array([each["float_feature_index"] for each in splits], np.int64)[level]
    border[:inner] = np.array([each["border"] for each in splits], np.float64)[level]
    below, above = np.full(count, -1, np.int64), np.full(count, -1, np.int64)
    below[:inner], above[:inner] = 2 * np.arange(inner) + 1, 2 * np.arange(inner) + 2
    # The way down begins with level 0, which is the lowest bit of a leaf's place.
    place = np.arange(2**depth)
    turned = sum((place >> bit & 1) << (depth - 1 - bit) for bit in range(depth))
    leaves = np.array(held["leaf_values"], np.float64).reshape(2**depth, -1)
    values = np.zeros((count, leaves.shape[1]))
    values[inner:] = leaves[turned] if depth else leaves
    return _Questions(feature, border, below, above, values)


def _of_nodes(root: Any) -> _Questions | None:
    """Of a tree whose nodes ask each a question of their own."""
    nodes: list[Any] = [root]
    children: list[tuple[int, int]] = []
    for held in nodes:  # grows while it is gone through
        inside = held.get("split") is not None
        if inside and held["split"]["split_type"] != "FloatFeature":
            return None
        children.append((len(nodes), len(nodes) + 1) if inside else (-1, -1))
        nodes += [held["left"], held["right"]] if inside else []
    asked = [each.get("split") or {"float_feature_index": -1, "border": 0.0} for each in nodes]
    width = next(np.size(each["value"]) for each in nodes if "value" in each)
    values = [np.broadcast_to(each.get("value", 0.0), (width,)) for each in nodes]
    return _Questions(
        np.array([each["float_feature_index"] for each in asked], np.int64),
        np.array([each["border"] for each in asked], np.float64),
        np.array([below for below, _ in children], np.int64),
        np.array([above for _, above in children], np.int64),
        np.array(values, np.float64),
    )
