"""scikit-learn's models as ONNX graphs: skl2onnx, with its faults mended. Imported only while exporting."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from comporta.records import Signature

OPSETS = {"": 18, "ai.onnx.ml": 3}


def convert(model: Any, inputs: list[Any], signature: Signature) -> Any:
    """The graph of an estimator or a pipeline. Raises what skl2onnx raises."""
    from skl2onnx import convert_sklearn

    options = {"zipmap": False} if _has_zipmap(model, signature) else None
    with _whole_numbers():
        graph = convert_sklearn(model, "model", inputs, options=options, target_opset=OPSETS)
    _set_missing_value_direction(graph, _last(model))
    return graph


def _has_zipmap(model: Any, signature: Signature) -> bool:
    return signature.task != "regression" and hasattr(_last(model), "predict_proba")


def _last(model: Any) -> Any:
    return model.steps[-1][1] if hasattr(model, "steps") else model


def _set_missing_value_direction(graph: Any, forest: Any) -> None:
    """Which way a missing value goes in scikit-learn's trees, which skl2onnx leaves out."""
    trees = [
        each.tree_ for each in np.ravel(getattr(forest, "estimators_", [forest])) if hasattr(each, "tree_")
    ]
    for node in graph.graph.node:
        if not trees or not node.op_type.startswith("TreeEnsemble"):
            continue
        found = {each.name: each for each in node.attribute}
        if "nodes_missing_value_tracks_true" not in found:
            continue
        at = zip(found["nodes_treeids"].ints, found["nodes_nodeids"].ints, strict=True)
        ways = [int(trees[tree].missing_go_to_left[place]) if tree < len(trees) else 0 for tree, place in at]
        del found["nodes_missing_value_tracks_true"].ints[:]
        found["nodes_missing_value_tracks_true"].ints.extend(ways)


@contextmanager
def _whole_numbers() -> Iterator[None]:
    """skl2onnx 1.20 writes booleans and numpy integers where onnx 1.23 takes Python's alone, which fails
    for HistGradientBoosting."""
    from skl2onnx.common import tree_ensemble

    add = tree_ensemble.add_node

    def whole(*args: Any, **more: Any) -> Any:
        return add(
            *(int(each) if isinstance(each, np.integer | np.bool_) else each for each in args),
            **{
                name: int(each) if name == "nodes_missing_value_tracks_true" else each
                for name, each in more.items()
            },
        )

    tree_ensemble.add_node = whole
    try:
        yield
    finally:
        tree_ensemble.add_node = add


def by_place(model: Any, signature: Signature) -> Any:
    """The same model with columns chosen by place, not by name, so that the table can be one tensor."""
    place = {field.name: at for at, field in enumerate(signature.features)}

    def replace(columns: Any) -> Any:
        if isinstance(columns, list | np.ndarray):
            return [place.get(each, each) for each in columns]
        return place.get(columns, columns) if isinstance(columns, str) else columns

    return _with_columns(model, lambda how, columns: (how, replace(columns)))


def spelled_out(model: Any) -> Any:
    """The same model with a missing word as the empty string, which is how ONNX is told of one."""

    def spell(how: Any, columns: Any) -> tuple[Any, Any]:
        lists = getattr(how, "categories_", None)
        if lists is None or any(words.dtype != object for words in lists):
            return how, columns
        how = copy.copy(how)
        how.categories_ = [
            np.array(["" if each is None or each != each else each for each in words], dtype=object)
            for words in lists
        ]
        return how, columns

    return _with_columns(model, spell)


def _with_columns(model: Any, change: Callable[[Any, Any], tuple[Any, Any]]) -> Any:
    """The same pipeline with each part of its column transformer changed; other models as they are."""
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import Pipeline

    if not isinstance(model, Pipeline) or not isinstance(model.steps[0][1], ColumnTransformer):
        return model
    model, first = copy.copy(model), copy.copy(model.steps[0][1])
    first.transformers_ = [(name, *change(how, columns)) for name, how, columns in first.transformers_]
    model.steps = [(model.steps[0][0], first), *model.steps[1:]]
    return model
