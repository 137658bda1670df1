"""A model as an ONNX graph, with one input for the table or one for each feature."""

from __future__ import annotations

from typing import Any

from comporta.records import Signature
from comporta.train.families import compare_as_model, converters
from comporta.train.families.onnx.codec import OnnxGraph
from comporta.train.families.scikit_learn.export import by_place, spelled_out


def as_one_tensor(model: Any, signature: Signature, kind: Any) -> bytes:
    """A graph whose one input `X` is the whole table, words as their place. kind: of skl2onnx's tensors."""
    return _convert(by_place(model, signature), [("X", kind([None, len(signature.features)]))], signature)


def by_column(model: Any, signature: Signature, kind: Any) -> bytes:
    """A graph with one input per feature, words as strings."""
    from skl2onnx.common.data_types import StringTensorType

    inputs = [
        (field.name, StringTensorType([None, 1]) if field.kind == "text" else kind([None, 1]))
        for field in signature.features
    ]
    return _convert(spelled_out(model), inputs, signature)


def _convert(model: Any, inputs: list[Any], signature: Signature) -> bytes:
    graph = next(filter(None, (convert(model, inputs, signature) for convert in converters())))
    if any(type(kind).__name__ == "DoubleTensorType" for _, kind in inputs):
        compare_as_model(graph, model, signature)
    for output in graph.graph.output:
        # LightGBM's converter declares one label, however many rows there are.
        if len(output.type.tensor_type.shape.dim):
            output.type.tensor_type.shape.dim[0].Clear()
            output.type.tensor_type.shape.dim[0].dim_param = "rows"
    return OnnxGraph().encode(graph)
