"""XGBoost's trees as an ONNX graph that compares as XGBoost does: both round to 32 bits. Imported only while
exporting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from comporta.records import Signature, Tree
from comporta.train.families.xgboost.booster import LINKS, BoostedTrees, booster_of, read

if TYPE_CHECKING:
    from numpy.typing import NDArray

IR, OPSETS = 9, {"": 18, "ai.onnx.ml": 3}
SUMS = "sums"
_LINKS = {"sigmoid": "Sigmoid", "exp": "Exp", "identity": "Identity"}


def convert(model: Any, inputs: list[Any], signature: Signature) -> Any:
    """The graph of one of its estimators, from 32-bit numbers; None of another model. Raises ValueError where
    ONNX's trees have no such thing."""
    if booster_of(model) is None:
        return None
    if len(inputs) != 1 or type(inputs[0][1]).__name__ != "FloatTensorType":
        raise ValueError("XGBoost reads one table of 32-bit numbers")
    boosted = read(model)
    if boosted is None or any(tree.words for trees in boosted.trees for tree in trees):
        raise ValueError("trees that ask for lists of words, or whose answer is no sum")
    return _graph(boosted, len(signature.features), signature)


def compares_alike(graph: Any, model: Any) -> bool | None:
    """Whether the trees of this graph are, branch for branch, those of the model, which rounds what it
    compares to 32 bits as the graph does; None of another model."""
    boosted = read(model)
    if boosted is None:
        return None
    trees = [each for each in graph.graph.node if each.op_type.startswith("TreeEnsemble")]
    mine = _branches(boosted)
    return len(trees) == 1 and all(
        list(kept.ints or kept.floats or kept.strings) == mine[kept.name]
        for kept in trees[0].attribute
        if kept.name in mine
    )


def _graph(boosted: BoostedTrees, width: int, signature: Signature) -> Any:
    from onnx import TensorProto, helper, numpy_helper

    outputs = len(boosted.trees)
    branches: dict[str, Any] = _branches(boosted)
    made = [
        helper.make_node(
            "TreeEnsembleRegressor", ["X"], [SUMS], domain="ai.onnx.ml", n_targets=outputs,
            base_values=boosted.bases.astype(np.float32).tolist(), **branches,
        )
    ]  # fmt: skip
    numbers = helper.make_tensor_value_info
    constants: list[Any] = []
    if signature.task == "regression":
        link = _LINKS[LINKS[boosted.objective]]
        made.append(helper.make_node(link, [SUMS], ["variable"]))
        given = [numbers("variable", TensorProto.FLOAT, [None, 1])]
    else:
        if outputs == 1:
            if boosted.objective != "binary:logistic":
                raise ValueError("two classes that are no sigmoid of a sum")
            constants.append(numpy_helper.from_array(np.array(1, np.float32), "one"))
            made += [
                helper.make_node("Sigmoid", [SUMS], ["second"]),
                helper.make_node("Sub", ["one", "second"], ["first"]),
                helper.make_node("Concat", ["first", "second"], ["probabilities"], axis=1),
            ]
        else:
            made.append(helper.make_node("Softmax", [SUMS], ["probabilities"], axis=1))
        made.append(helper.make_node("ArgMax", ["probabilities"], ["label"], axis=1, keepdims=0))
        given = [
            numbers("label", TensorProto.INT64, [None]),
            numbers("probabilities", TensorProto.FLOAT, [None, len(signature.classes)]),
        ]
    taken = [numbers("X", TensorProto.FLOAT, [None, width])]
    graph = helper.make_graph(made, "model", taken, given, constants)
    opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
    return helper.make_model(graph, opset_imports=opsets, ir_version=IR)


def _branches(boosted: BoostedTrees) -> dict[str, list[Any]]:
    """The trees as attributes of one node, tree by tree, node by node."""
    every = [(output, tree) for output, trees in enumerate(boosted.trees) for tree in trees]
    found: dict[str, list[Any]] = {name: [] for name in _NODES}
    leaves: dict[str, list[Any]] = {name: [] for name in _LEAVES}
    for number, (output, tree) in enumerate(every):
        leaf = tree.feature < 0
        for name, values in zip(_NODES, _of_nodes(number, tree, leaf), strict=True):
            found[name] += values
        at = np.flatnonzero(leaf)
        for name, values in zip(
            _LEAVES,
            ([number] * len(at), at.tolist(), [output] * len(at), tree.value[at].tolist()),
            strict=True,
        ):
            leaves[name] += values
    return found | leaves


_NODES = (
    "nodes_treeids", "nodes_nodeids", "nodes_featureids", "nodes_modes", "nodes_values",
    "nodes_truenodeids", "nodes_falsenodeids", "nodes_missing_value_tracks_true",
)  # fmt: skip
_LEAVES = ("target_treeids", "target_nodeids", "target_ids", "target_weights")


def _of_nodes(number: int, tree: Tree, leaf: NDArray[np.bool_]) -> tuple[list[Any], ...]:
    return (
        [number] * len(leaf),
        list(range(len(leaf))),
        np.where(leaf, 0, tree.feature).tolist(),
        [b"LEAF" if each else b"BRANCH_LEQ" for each in leaf],
        tree.threshold.tolist(),
        np.where(leaf, 0, tree.left).tolist(),
        np.where(leaf, 0, tree.right).tolist(),
        tree.missing_left.astype(int).tolist(),
    )
