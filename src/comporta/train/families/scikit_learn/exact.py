"""Trees in ONNX that compare as scikit-learn does, at each threshold and beside it: by construction.

ONNX Runtime's trees compare 32-bit numbers. scikit-learn's trees and forests round to 32 bits themselves, so
there a threshold rounded down compares alike. Histogram boosting compares doubles, of which many are one
number in 32 bits: before its trees each number becomes its place among the thresholds of its column, counted
in doubles and small enough to be exact in 32 bits, and each threshold becomes its own place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from comporta.train.compiled import ROWS_AT_ONCE
from comporta.train.families.inside import inside
from comporta.train.families.library import of_library
from comporta.train.families.scikit_learn.kinds import BOOSTED, FORESTS, HISTOGRAM, SINGLE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

PLACES = 2**20
"""Thresholds of one column, at most: places below are exact in 32 bits."""
CELLS = 4_000_000
"""Numbers compared with thresholds at a time, at most: 16 MB."""
DOUBLE = 11
"""`onnx.TensorProto.DOUBLE`."""
PLACED = "places"
PLAIN = frozenset(("ColumnTransformer", "Pipeline", "SimpleImputer", "OneHotEncoder", "OrdinalEncoder"))
"""What changes no number but a missing one, and makes small whole numbers of words."""


def exact_trees(graph: Any, model: Any) -> None:
    """Places in front of the trees of a graph of doubles, where they are of histogram boosting. Raises
    ValueError where its thresholds are not those of the model."""
    from onnx import TensorProto

    last = _last(model)
    nodes = [each for each in graph.graph.node if each.op_type.startswith("TreeEnsemble")]
    if type(last).__name__ not in HISTOGRAM or len(nodes) != 1:
        return
    cuts = _cuts(last)
    _to_places(nodes[0], last, cuts)
    _count_places(graph, nodes[0], cuts)
    del graph.graph.value_info[:]
    for output in graph.graph.output:
        if output.type.tensor_type.elem_type == TensorProto.DOUBLE:
            output.type.tensor_type.elem_type = TensorProto.FLOAT


def compares_alike(graph: Any, model: Any) -> bool:
    """Whether the trees of this graph compare as the model's do, whatever they are asked: known where what
    stands before the trees only hands numbers on and turns words into small ones."""
    if not any(each.op_type.startswith("TreeEnsemble") for each in graph.graph.node):
        return True
    if not all(map(_hands_on, _before(model))):
        return False
    doubles = any(each.type.tensor_type.elem_type == DOUBLE for each in graph.graph.input)
    if any(PLACED in each.output for each in graph.graph.node):
        return doubles
    return not doubles and _rounded_alike(graph, model)


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


def _last(model: Any) -> Any:
    return model.steps[-1][1] if hasattr(model, "steps") else model


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


def _to_places(node: Any, model: Any, cuts: tuple[Floats, ...]) -> None:
    """The trees' thresholds as places, told by the node of the model that each was made of."""
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
        values.append(float(np.searchsorted(cuts[int(one["feature_idx"])], one["num_threshold"])))
    if "nodes_values" not in held:
        raise ValueError("thresholds that are no 32-bit numbers")
    del held["nodes_values"].floats[:]
    held["nodes_values"].floats.extend(values)


def _count_places(graph: Any, node: Any, cuts: tuple[Floats, ...]) -> None:
    """Nodes that count, for each number, the thresholds of its column below it; what is missing stays so."""
    from onnx import TensorProto, helper, numpy_helper

    most = max((len(each) for each in cuts), default=0)
    if most >= PLACES:
        raise ValueError("more thresholds than 32 bits can tell apart")
    table = np.full((1, len(cuts), max(most, 1)), np.inf)
    for at, each in enumerate(cuts):
        table[0, at, : len(each)] = each
    given = node.input[0]
    constants = {
        "places_cuts": table,
        "places_axis": np.array([2], np.int64),
        "places_missing": np.array(np.nan, np.float32),
    }
    graph.graph.initializer.extend(numpy_helper.from_array(each, name) for name, each in constants.items())
    made = [
        helper.make_node("Cast", [given], ["places_double"], to=TensorProto.DOUBLE),
        helper.make_node("Unsqueeze", ["places_double", "places_axis"], ["places_wide"]),
        helper.make_node("Greater", ["places_wide", "places_cuts"], ["places_above"]),
        helper.make_node("Cast", ["places_above"], ["places_ones"], to=TensorProto.FLOAT),
        helper.make_node("ReduceSum", ["places_ones", "places_axis"], ["places_count"], keepdims=0),
        helper.make_node("IsNaN", ["places_double"], ["places_nan"]),
        helper.make_node("Where", ["places_nan", "places_missing", "places_count"], [PLACED]),
    ]
    node.input[0] = PLACED
    meta = graph.metadata_props.add()
    meta.key, meta.value = ROWS_AT_ONCE, str(max(1, CELLS // table.size))
    at = next(at for at, each in enumerate(graph.graph.node) if each == node)
    rest = list(graph.graph.node)
    del graph.graph.node[:]
    graph.graph.node.extend([*rest[:at], *made, *rest[at:]])


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
    for node in graph.graph.node:
        if not node.op_type.startswith("TreeEnsemble"):
            continue
        held = {each.name: each for each in node.attribute}
        if "nodes_values" not in held:
            return False
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
