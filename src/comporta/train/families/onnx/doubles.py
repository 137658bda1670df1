"""Trees in ONNX that compare doubles with 64-bit thresholds, as the estimator does, and not with 32-bit ones.

Converters write thresholds as 32-bit numbers. As a tensor a node of trees holds them in 64 bits
(`nodes_values_as_tensor`, ai.onnx.ml 3), and ONNX Runtime compares its double input with them as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

DOUBLE = 11
"""`onnx.TensorProto.DOUBLE`."""
_SINGLE = 1
_HAS_EXACT = 3
"""The version of ai.onnx.ml."""
ROUNDED, EXACT = "nodes_values", "nodes_values_as_tensor"


def tree_nodes(graph: Any) -> Iterator[Any]:
    """The nodes that are trees."""
    return (each for each in graph.graph.node if each.op_type.startswith("TreeEnsemble"))


def takes_doubles(graph: Any) -> bool:
    """Whether it is asked with doubles."""
    return any(each.type.tensor_type.elem_type == DOUBLE for each in graph.graph.input)


def compares_doubles(graph: Any) -> bool:
    """Whether doubles reach each of its trees, and 64-bit thresholds are there to compare them with."""
    return takes_doubles(graph) and all(
        any(each.name == EXACT and each.t.data_type == DOUBLE for each in node.attribute)
        for node in tree_nodes(graph)
    )


def compare_doubles(graph: Any, node: Any, thresholds: Sequence[float]) -> None:
    """Thresholds of this node's branches in 64 bits, in the order of its nodes, and doubles as what they are
    compared with. Raises ValueError where an operator of the graph means something else in ai.onnx.ml 3."""
    from onnx import helper, numpy_helper

    for each in graph.opset_import:
        if each.domain == "ai.onnx.ml" and each.version < _HAS_EXACT:
            if any(part.op_type == "LabelEncoder" for part in graph.graph.node) and each.version == 1:
                raise ValueError("an encoder of labels from ai.onnx.ml 1")
            each.version = _HAS_EXACT
    held = next(each for each in node.attribute if each.name == ROUNDED)
    node.attribute.remove(held)
    values = numpy_helper.from_array(np.asarray(thresholds, np.float64), "thresholds")
    node.attribute.append(helper.make_attribute(EXACT, values))
    for given in graph.graph.input:
        if given.type.tensor_type.elem_type == _SINGLE:
            given.type.tensor_type.elem_type = DOUBLE
    for made in graph.graph.node:
        if made.op_type == "Cast" and made.output[0] == node.input[0]:
            node.input[0] = made.input[0]
    # What trees answer are 32-bit numbers, whatever they are asked.
    del graph.graph.value_info[:]
    for output in graph.graph.output:
        if output.type.tensor_type.elem_type == DOUBLE:
            output.type.tensor_type.elem_type = _SINGLE
