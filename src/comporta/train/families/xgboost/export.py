"""XGBoost's trees as an ONNX graph that compares as XGBoost does: both round to 32 bits. Imported only while
exporting."""

from __future__ import annotations

from typing import Any

from comporta.records import Signature
from comporta.train.families.onnx.tree_sums import TreeSums, compares_as, graph_of_sums
from comporta.train.families.xgboost.booster import LINKS, BoostedTrees, booster_of, read


def convert(model: Any, inputs: list[Any], signature: Signature) -> Any:
    """The graph of one of its estimators, from 32-bit numbers; None of another model. Raises ValueError where
    ONNX's trees have no such thing."""
    if booster_of(model) is None:
        return None
    if len(inputs) != 1 or type(inputs[0][1]).__name__ != "FloatTensorType":
        raise ValueError("XGBoost reads one table of 32-bit numbers")
    boosted = read(model)
    if boosted is None:
        raise ValueError("trees whose answer is no sum")
    if len(boosted.trees) == 1 and signature.task != "regression" and boosted.objective != "binary:logistic":
        raise ValueError("two classes that are no sigmoid of a sum")
    return graph_of_sums(_sums(boosted), signature)


def compares_alike(graph: Any, model: Any) -> bool | None:
    """Whether the trees of this graph are, branch for branch, those of the model, which rounds what it
    compares to 32 bits as the graph does; None of another model."""
    boosted = read(model)
    return None if boosted is None else compares_as(graph, _sums(boosted))


def _sums(boosted: BoostedTrees) -> TreeSums:
    link = "softmax" if len(boosted.trees) > 1 else LINKS.get(boosted.objective, "identity")
    return TreeSums(boosted.trees, boosted.bases, link)
