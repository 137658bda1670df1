"""CatBoost's trees as an ONNX graph that compares as CatBoost does: both round to 32 bits. Imported only
while exporting."""

from __future__ import annotations

from typing import Any

from comporta.records import Signature
from comporta.train.families.catboost.ensemble import is_catboost, read
from comporta.train.families.onnx.tree_sums import compares_as, graph_of_sums


def convert(model: Any, inputs: list[Any], signature: Signature) -> Any:
    """The graph of one of its estimators, from 32-bit numbers; None of another model. Raises ValueError where
    ONNX's trees have no such thing."""
    if not is_catboost(model):
        return None
    if len(inputs) != 1 or type(inputs[0][1]).__name__ != "FloatTensorType":
        raise ValueError("CatBoost reads one table of 32-bit numbers")
    sums = read(model)
    if sums is None:
        raise ValueError("trees that ask for words, whose answer is no plain sum, or that are too many")
    return graph_of_sums(sums, signature)


def compares_alike(graph: Any, model: Any) -> bool | None:
    """Whether the trees of this graph are, branch for branch, those of the model; None of another model."""
    sums = read(model)
    return None if sums is None else compares_as(graph, sums)
