"""Whether two ONNX graphs are one model, of which the older compares numbers less exactly with thresholds."""

from __future__ import annotations

from typing import Any

from comporta.errors import Tampered
from comporta.train.families.onnx.codec import OnnxGraph
from comporta.train.families.onnx.doubles import EXACT, ROUNDED, compares_doubles, takes_doubles, tree_nodes


def same_model(then: bytes, now: bytes) -> bool:
    """Whether these are graphs with the same trees behind the same steps, and only in the later one numbers
    reach the trees as the estimator's do. False of bytes that are no graph, and of a graph without trees."""
    try:
        older, newer = (OnnxGraph().decode(each) for each in (then, now))
    except Tampered:
        return False
    mended = _inexact(older) or (_exact(newer) and not _exact(older))
    if not mended or _inexact(newer):
        return False
    return _steps(older, _exact(newer)) == _steps(newer, _exact(newer))


def _exact(graph: Any) -> bool:
    return any(tree_nodes(graph)) and compares_doubles(graph)


def _inexact(graph: Any) -> bool:
    """Whether doubles are compared with thresholds of 32 bits."""
    return any(tree_nodes(graph)) and takes_doubles(graph) and not compares_doubles(graph)


def _steps(graph: Any, exact: bool) -> list[tuple[str, list[bytes]]]:
    """What each node does, but for those that only change how numbers are held. exact: the thresholds too
    are held otherwise."""
    found = []
    for node in graph.graph.node:
        if node.op_type == "Cast":
            continue
        values = [each for each in node.attribute if not (exact and each.name in (ROUNDED, EXACT))]
        found.append((node.op_type, sorted(each.SerializeToString(deterministic=True) for each in values)))
    return found
