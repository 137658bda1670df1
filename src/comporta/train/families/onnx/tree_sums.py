"""Sums of trees that compare 32-bit numbers, as an ONNX graph. Imported only while exporting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from comporta.records import Signature, Tree

if TYPE_CHECKING:
    from numpy.typing import NDArray

IR, OPSETS = 9, {"": 18, "ai.onnx.ml": 3}
SUMS = "sums"
SumLink = Literal["identity", "exp", "sigmoid", "softmax"]
_LINKS = {"sigmoid": "Sigmoid", "exp": "Exp", "identity": "Identity"}


class TreeSums(NamedTuple):
    """trees: of each output, those that its sum is made of. bases: of each output, what the sum begins with.
    link: from the sums to the answer. double: the library adds bases, and goes on, in 64 bits."""

    trees: tuple[tuple[Tree, ...], ...]
    bases: NDArray[np.float64]
    link: SumLink
    double: bool = False


def graph_of_sums(sums: TreeSums, signature: Signature) -> Any:
    """A graph from one table of 32-bit numbers to a number, or to labels and probabilities. Raises ValueError
    where trees ask for lists of words, or the answer to this task is no link of the sums."""
    from onnx import TensorProto, helper, numpy_helper

    if any(tree.words for trees in sums.trees for tree in trees):
        raise ValueError("trees that ask for lists of words")
    outputs, kind = len(sums.trees), np.float64 if sums.double else np.float32
    number = TensorProto.DOUBLE if sums.double else TensorProto.FLOAT
    describe = helper.make_tensor_value_info
    made, constants = _nodes_of_sums(sums)
    if signature.task == "regression":
        if outputs != 1 or sums.link not in _LINKS:
            raise ValueError("a number that is no link of one sum")
        made.append(helper.make_node(_LINKS[sums.link], [SUMS], ["variable"]))
        given = [describe("variable", number, [None, 1])]
    else:
        if outputs == 1:
            if sums.link != "sigmoid":
                raise ValueError("two classes that are no sigmoid of a sum")
            constants.append(numpy_helper.from_array(np.array(1, kind), "one"))
            made += [
                helper.make_node("Sigmoid", [SUMS], ["second"]),
                helper.make_node("Sub", ["one", "second"], ["first"]),
                helper.make_node("Concat", ["first", "second"], ["probabilities"], axis=1),
            ]
        elif sums.link == "sigmoid":
            made.append(helper.make_node("Sigmoid", [SUMS], ["probabilities"]))
        else:
            made.append(helper.make_node("Softmax", [SUMS], ["probabilities"], axis=1))
        made.append(helper.make_node("ArgMax", ["probabilities"], ["label"], axis=1, keepdims=0))
        given = [
            describe("label", TensorProto.INT64, [None]),
            describe("probabilities", number, [None, len(signature.classes)]),
        ]
    taken = [describe("X", TensorProto.FLOAT, [None, len(signature.features)])]
    graph = helper.make_graph(made, "model", taken, given, constants)
    opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
    return helper.make_model(graph, opset_imports=opsets, ir_version=IR)


def compares_as(graph: Any, sums: TreeSums) -> bool:
    """Whether the trees of this graph are, branch for branch, these, whose library rounds what it compares to
    32 bits as the graph does."""
    trees = [each for each in graph.graph.node if each.op_type.startswith("TreeEnsemble")]
    mine = _branches(sums)
    return len(trees) == 1 and all(
        list(kept.ints or kept.floats or kept.strings) == _in_single(mine[kept.name])
        for kept in trees[0].attribute
        if kept.name in mine
    )


def _in_single(values: list[Any]) -> list[Any]:
    """As a graph holds them: numbers that are not whole in 32 bits."""
    if not values or not isinstance(values[0], float):
        return values
    return list(np.array(values, np.float32).tolist())


def _nodes_of_sums(sums: TreeSums) -> tuple[list[Any], list[Any]]:
    """Nodes from `X` to `SUMS`, and the constants that they read."""
    from onnx import TensorProto, helper, numpy_helper

    branches: dict[str, Any] = _branches(sums)
    if not sums.double:
        branches["base_values"] = sums.bases.astype(np.float32).tolist()
    added = "added" if sums.double else SUMS
    trees = helper.make_node(
        "TreeEnsembleRegressor", ["X"], [added], domain="ai.onnx.ml", n_targets=len(sums.trees), **branches
    )
    if not sums.double:
        return [trees], []
    cast = helper.make_node("Cast", [added], ["in_double"], to=TensorProto.DOUBLE)
    bases = numpy_helper.from_array(np.ascontiguousarray(sums.bases, np.float64), "bases")
    return [trees, cast, helper.make_node("Add", ["in_double", "bases"], [SUMS])], [bases]


def _branches(sums: TreeSums) -> dict[str, list[Any]]:
    """The trees as attributes of one node, tree by tree, node by node."""
    every = [(output, tree) for output, trees in enumerate(sums.trees) for tree in trees]
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
