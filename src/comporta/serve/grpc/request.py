"""A ModelInferRequest read into what the REST face reads too.

Specification: github.com/kserve/open-inference-protocol, `specification/protocol/inference_grpc.md`, "Tensor
Data".
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from comporta.errors import BadRequest
from comporta.http.value_length import require_short_value
from comporta.serve.columns import quote
from comporta.serve.paths import MatchedPath, RoutePath
from comporta.serve.request_rows import RequestRows
from comporta.serve.schema import RequestSchema
from comporta.serve.tensors import DTYPES, RANGES, outside, tensor_from_bytes
from comporta.serve.v2_request import (
    InferBody,
    InferRequest,
    InputTensor,
    Parameters,
    RequestedOutput,
    infer_request,
    require_inputs,
    rows_of_inputs,
)

_LONGEST_NAME, _LONGEST_VERSION = 200, 20  # as in `serve/paths.py`
_SLACK = 64
CONTENTS = {
    "BOOL": "bool_contents", "INT8": "int_contents", "INT16": "int_contents", "INT32": "int_contents",
    "INT64": "int64_contents", "UINT8": "uint_contents", "UINT16": "uint_contents",
    "UINT32": "uint_contents", "UINT64": "uint64_contents", "FP32": "fp32_contents",
    "FP64": "fp64_contents", "BYTES": "bytes_contents",
}  # fmt: skip
"""Where typed contents of each datatype stand; FP16 has none and is always raw."""
# Those that a field of larger numbers holds.
_NARROW = frozenset({"INT8", "INT16", "UINT8", "UINT16"})


def named_path(route: RoutePath, name: str, version: str) -> MatchedPath:
    """The method with the model and the version that a message names. Raises BadRequest."""
    if not name:
        raise BadRequest("the model's name: found none, expected one that is released.")
    if len(name) > _LONGEST_NAME or len(version) > _LONGEST_VERSION:
        raise BadRequest(
            f"found a name of {len(name)} and a version of {len(version)} characters, expected at most "
            f"{_LONGEST_NAME} and {_LONGEST_VERSION}.",
            404,
        )
    return MatchedPath(route, name, version or None)


def read_infer_message(message: Any) -> InferRequest:
    """The request, less what depends on the model. message: a ModelInferRequest. Raises BadRequest."""
    return infer_request(
        InferBody(
            [],
            message.id or None,
            _parameters(message.parameters),
            [RequestedOutput(each.name, _parameters(each.parameters)) for each in message.outputs] or None,
        )
    )


def message_rows(message: Any, call: InferRequest, schema: RequestSchema, limit: int) -> RequestRows:
    """The rows as this model takes them: one input a column, or one matrix. Raises BadRequest."""
    most = len(schema.names) + _SLACK
    if len(message.inputs) > most:
        raise BadRequest(f"inputs: found {len(message.inputs)}, expected at most {most}.", 413)
    inputs = [InputTensor(each.name, [*each.shape], each.datatype) for each in message.inputs]
    require_inputs(inputs, schema, limit)
    raw = message.raw_input_contents
    if raw and len(raw) != len(inputs):
        raise BadRequest(
            f"raw_input_contents: found {len(raw)} for {len(inputs)} inputs, expected one for each, or none."
        )
    values = {}
    for place, (given, tensor) in enumerate(zip(message.inputs, inputs, strict=True)):
        name = quote(tensor.name)
        if not raw:
            values[tensor.name] = _typed_values(name, given.contents, tensor)
        elif given.HasField("contents"):
            raise BadRequest(
                f"input {name}: found contents beside raw_input_contents, expected one of the two."
            )
        else:
            values[tensor.name] = tensor_from_bytes(
                name, tensor.datatype, tensor.shape, memoryview(raw[place])
            )
    return rows_of_inputs(inputs, values, schema, call)


def _parameters(given: Mapping[str, Any]) -> Parameters | None:
    """What a map of InferParameter says."""
    if not given:
        return None
    found: Parameters = {}
    for name, value in given.items():
        choice = value.WhichOneof("parameter_choice")
        found[name] = None if choice is None else getattr(value, choice)
    return found


def _typed_values(name: str, contents: Any, tensor: InputTensor) -> list[str] | NDArray[Any]:
    """The values of an input's contents, flat. Raises BadRequest."""
    datatype, wanted = tensor.datatype, prod(tensor.shape)
    field = CONTENTS.get(datatype)
    if field is None:
        raise BadRequest(f"input {name}: found no raw_input_contents, in which alone {datatype} can be sent.")
    filled = [each.name for each, _ in contents.ListFields()]
    if [each for each in filled if each != field]:
        raise BadRequest(
            f"input {name}: found {', '.join(filled)}, expected {datatype} in {field} and nothing else."
        )
    values = getattr(contents, field)
    if len(values) != wanted:
        raise BadRequest(
            f"input {name}: found {len(values)} values in {field}, expected {wanted} by its shape."
        )
    if datatype == "BYTES":
        return [_text(name, place, value) for place, value in enumerate(values)]
    if datatype in _NARROW:
        low, high = RANGES[datatype]
        for place, value in enumerate(values):
            if not low <= value <= high:
                raise outside(name, datatype, place, tensor.shape)
    return np.fromiter(values, DTYPES[datatype], wanted)


def _text(name: str, place: int, value: bytes) -> str:
    require_short_value(len(value))
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise BadRequest(f"input {name}: element {place} is not UTF-8 text.") from None
