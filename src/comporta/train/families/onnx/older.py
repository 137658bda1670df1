"""Whether two ONNX graphs are one model, of which the older compares numbers less exactly with thresholds."""

from __future__ import annotations

from typing import Any

from comporta.errors import Tampered
from comporta.train.families.onnx.codec import OnnxGraph
from comporta.train.families.scikit_learn.exact import DOUBLE, PLACED


def same_model(then: bytes, now: bytes) -> bool:
    """Whether these are graphs with the same trees behind the same steps, and only in the later one numbers
    reach the trees as the estimator's do. False of bytes that are no graph, and of a graph without trees."""
    try:
        older, newer = (OnnxGraph().decode(each) for each in (then, now))
    except Tampered:
        return False
    placed = _is_placed(newer)
    mended = _inexact(older) or (placed and not _is_placed(older))
    if not mended or _inexact(newer):
        return False
    return _steps(older, placed) == _steps(newer, placed)


def _inexact(graph: Any) -> bool:
    """Whether doubles are compared with thresholds of 32 bits."""
    trees = any(each.op_type.startswith("TreeEnsemble") for each in graph.graph.node)
    doubles = any(each.type.tensor_type.elem_type == DOUBLE for each in graph.graph.input)
    return trees and doubles and not _is_placed(graph)


def _is_placed(graph: Any) -> bool:
    return any(PLACED in each.output for each in graph.graph.node)


def _steps(graph: Any, placed: bool) -> list[tuple[str, list[bytes]]]:
    """What each node does, but for those that only change how numbers are held. placed: the thresholds too
    are held otherwise."""
    found = []
    for node in graph.graph.node:
        if node.op_type == "Cast" or any(each.startswith(PLACED) for each in node.output):
            continue
        values = [each for each in node.attribute if not (placed and each.name == "nodes_values")]
        found.append((node.op_type, sorted(each.SerializeToString(deterministic=True) for each in values)))
    return found
