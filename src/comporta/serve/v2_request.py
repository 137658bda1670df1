"""Open Inference Protocol v2, REST: requests read.

Specification: github.com/kserve/open-inference-protocol, `rest/http.md`; binary tensor data extension as
Triton has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from comporta.errors import BadRequest
from comporta.http.json_body import decode_json
from comporta.records.columns import TIME
from comporta.serve.columns import as_list, quote
from comporta.serve.request_rows import (
    MAX_TEXT,
    NOBODY,
    PER_ROW,
    RequestRows,
    RowMetadata,
    merge_row_metadata,
    read_row_metadata,
    too_many_rows,
)
from comporta.serve.schema import RequestSchema
from comporta.serve.tensors import DTYPES, RANGES, tensor_from_bytes, tensor_from_json

Parameters = dict[str, str | int | float | bool | None]
_EXACT, _FP32 = 2**53 - 1, RANGES["FP32"][1]
_NONE = memoryview(b"")


class NumberTensor(msgspec.Struct, gc=False):
    """A tensor of numbers: what nearly every request holds."""

    name: str
    shape: list[int]
    datatype: str
    data: list[float | None]


class InputTensor(msgspec.Struct, gc=False):
    """Any tensor; its data is read once its type is known."""

    name: str
    shape: list[int]
    datatype: str
    data: msgspec.Raw = msgspec.Raw(b"")
    parameters: Parameters | None = None


class RequestedOutput(msgspec.Struct, gc=False):
    name: str
    parameters: Parameters | None = None


class NumberBody(msgspec.Struct, gc=False):
    inputs: list[NumberTensor]
    id: str | None = None
    parameters: Parameters | None = None
    outputs: list[RequestedOutput] | None = None


class InferBody(msgspec.Struct, gc=False):
    inputs: list[InputTensor]
    id: str | None = None
    parameters: Parameters | None = None
    outputs: list[RequestedOutput] | None = None


class InferRequest(msgspec.Struct, gc=False):
    """A request read. outputs: the names asked for, each with whether as bytes; None: all.

    binary: whether outputs not named are wanted as bytes.
    """

    id: str | None
    about: RowMetadata
    body: NumberBody | InferBody
    raw: bytes
    tail: memoryview
    outputs: dict[str, bool] | None = None
    binary: bool = False


class V2Row(msgspec.Struct, gc=False):
    """One row of numbers in the order of the signature, the `id` of its request, and its unit."""

    id: str | None
    values: list[float | None]
    unit: str | None = None


_quick = msgspec.json.Decoder(NumberBody)
_general = msgspec.json.Decoder(InferBody)


def read_v2_request(body: bytes, json_size: int | None) -> InferRequest:
    """The request, less what depends on the model. json_size: of a request with binary tensors.

    Raises BadRequest.
    """
    if json_size is None:
        try:
            quick = _quick.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            pass  # Said better below, or good in another way.
        else:
            if quick.outputs is None and quick.parameters is None:
                return InferRequest(quick.id, NOBODY, quick, body, _NONE)
            return infer_request(quick, body)
        return infer_request(decode_json(_general, body), body)
    head = body[:json_size]
    return infer_request(decode_json(_general, head), head, memoryview(body)[json_size:])


def read_v2_row(body: bytes, schema: RequestSchema) -> V2Row | None:
    """The row of a request that is one row of numbers and says no more than its unit; None of another. Raises
    DecodeError."""
    sent = _quick.decode(body)
    if sent.outputs is not None or not sent.inputs or not schema.numeric:
        return None
    unit: str | None = None
    if sent.parameters is not None:
        given = sent.parameters.get("unit")
        if len(sent.parameters) != 1 or not isinstance(given, str) or not 0 < len(given) <= MAX_TEXT:
            return None
        unit = given
    values = _single_row(sent.inputs, schema)
    return None if values is None else V2Row(sent.id, values, unit)


def v2_rows(call: InferRequest, schema: RequestSchema, limit: int) -> RequestRows:
    """The rows as this model takes them: one input a column, or one matrix. Raises BadRequest."""
    body = call.body
    if isinstance(body, NumberBody):
        incoming = _quick_rows(body, schema, limit, call.about)
        if incoming is not None:
            return incoming
        # What was read as floats may have lost digits of whole numbers: read it again as it was sent.
        body = decode_json(_general, call.raw)
    require_inputs(body.inputs, schema, limit)
    at, read_so_far = 0, {}
    for tensor in body.inputs:
        size = (tensor.parameters or {}).get("binary_data_size")
        if size is not None:
            if not isinstance(size, int) or isinstance(size, bool) or size < 0 or at + size > len(call.tail):
                raise BadRequest(
                    f"input {quote(tensor.name)}: 'binary_data_size' is not a "
                    "number of bytes that follow the JSON."
                )
            values: Any = tensor_from_bytes(
                quote(tensor.name), tensor.datatype, tensor.shape, call.tail[at : at + size]
            )
            at += size
        elif len(memoryview(tensor.data)) == 0:
            raise BadRequest(f"input {quote(tensor.name)}: found no 'data'.")
        else:
            values = tensor_from_json(quote(tensor.name), tensor.datatype, tensor.shape, tensor.data)
        read_so_far[tensor.name] = values
    if at != len(call.tail):
        raise BadRequest(f"found {len(call.tail) - at} bytes after the last input, expected none.")
    return rows_of_inputs(body.inputs, read_so_far, schema, call)


def require_inputs(inputs: Sequence[InputTensor], schema: RequestSchema, limit: int) -> None:
    """Raises BadRequest for a name given twice, and for a shape or a datatype that this model does not
    take."""
    if len({tensor.name for tensor in inputs}) < len(inputs):
        raise BadRequest("inputs: found one name twice, expected each input once.")
    for tensor in inputs:
        _check_shape(tensor, schema, limit)


def infer_request(body: NumberBody | InferBody, raw: bytes = b"", tail: memoryview = _NONE) -> InferRequest:
    """The request of a body, with what its parameters say. Raises BadRequest."""
    parameters = body.parameters
    call = InferRequest(body.id, read_row_metadata(parameters), body, raw, tail)
    call.binary = _flag(parameters, "binary_data_output")
    if body.outputs:
        call.outputs = {
            wanted.name: _flag(wanted.parameters, "binary_data", call.binary) for wanted in body.outputs
        }
    return call


def _flag(parameters: Parameters | None, name: str, default: bool = False) -> bool:
    value = (parameters or {}).get(name, default)
    if not isinstance(value, bool):
        raise BadRequest(f"parameter {name!r}: expected true or false.")
    return value


def _quick_rows(body: NumberBody, schema: RequestSchema, limit: int, who: RowMetadata) -> RequestRows | None:
    """The rows as an array where nothing needs a closer look; else None."""
    inputs = body.inputs
    if not schema.numeric or not inputs:
        return None
    row = _single_row(inputs, schema)
    if row is not None:
        return RequestRows(1, None, None, who, row)
    first = inputs[0]
    width = len(schema.names)
    if len(inputs) == 1:
        if len(first.shape) != 2 or first.shape[1] != width:
            return None
        n = first.shape[0]
        if (
            (width == 1 and first.name == schema.names[0])
            or not 0 < n <= limit
            or len(first.data) != n * width
            or (first.datatype != "FP64" and not (first.datatype == "FP32" and _exact(first)))
        ):
            return None
        return RequestRows(n, np.array(first.data, dtype=np.float64).reshape(n, width), None, who)
    if [tensor.name for tensor in inputs] != schema.names:
        return None
    n = len(first.data)
    if not 0 < n <= limit:
        return None
    for tensor in inputs:
        if len(tensor.data) != n or tensor.shape not in ([n], [n, 1]) or not _exact(tensor):
            return None
    return RequestRows(n, np.array([tensor.data for tensor in inputs], dtype=np.float64).T, None, who)


def _single_row(inputs: list[NumberTensor], schema: RequestSchema) -> list[float | None] | None:
    """The one row of inputs, a matrix or one input a column; None where they are more, or need a closer look.
    Only for a numeric schema."""
    first, width = inputs[0], len(schema.names)
    if len(inputs) == 1 and (width > 1 or first.name != schema.names[0]):
        if first.shape != [1, width] or len(first.data) != width:
            return None
        exact = first.datatype == "FP64" or (first.datatype == "FP32" and _exact(first))
        return first.data if exact else None
    if [tensor.name for tensor in inputs] != schema.names:
        return None
    for tensor in inputs:
        if len(tensor.data) != 1 or tensor.shape not in ([1], [1, 1]) or not _exact(tensor):
            return None
    return [tensor.data[0] for tensor in inputs]


def _exact(tensor: NumberTensor) -> bool:
    """Whether floats hold the tensor's values as they were sent."""
    if tensor.datatype == "FP64":
        return True
    if tensor.datatype == "FP32":
        return all(value is None or -_FP32 <= value <= _FP32 for value in tensor.data)
    most = {"INT64": _EXACT, "INT32": 2**31 - 1}.get(tensor.datatype)
    return most is not None and all(
        value is None or (value.is_integer() and abs(value) <= most) for value in tensor.data
    )


def _check_shape(tensor: NumberTensor | InputTensor, schema: RequestSchema, limit: int) -> None:
    name, shape, datatype = tensor.name, tensor.shape, tensor.datatype
    if datatype != "BYTES" and datatype not in DTYPES:
        raise BadRequest(
            f"input {quote(name)}: found the datatype {quote(datatype)}, expected one of BYTES, "
            f"{', '.join(DTYPES)}."
        )
    if not 1 <= len(shape) <= 2 or any(not 0 < size < 2**31 for size in shape):
        raise BadRequest(f"input {quote(name)}: expected a shape of one or two sizes, each at least 1.")
    rows, width = shape[0], shape[1] if len(shape) == 2 else 1
    if rows > limit:
        raise too_many_rows(rows, limit)
    if width != 1 and (width != len(schema.names) or name in schema.names or _is_per_row(name)):
        raise BadRequest(
            f"input {quote(name)}: found the shape [{rows}, {width}], expected "
            f"[{rows}] or [{rows}, 1] for a column, "
            f"or [{rows}, {len(schema.names)}] for a matrix of all columns."
        )


def _is_per_row(name: str) -> bool:
    return name in PER_ROW or name == TIME


def rows_of_inputs(
    inputs: Sequence[NumberTensor | InputTensor],
    values: dict[str, Any],
    schema: RequestSchema,
    call: InferRequest,
) -> RequestRows:
    """The rows of inputs whose values, by name, were read: flat lists or arrays. Raises BadRequest."""
    if not inputs:
        raise BadRequest(f"inputs: found none, expected the {len(schema.names)} columns of this model.")
    columns: dict[str, Any] = {}
    per_row: dict[str, Any] = {}
    matrix: Any = None
    n = 0
    for tensor in inputs:
        rows = tensor.shape[0]
        if n not in (0, rows):
            raise BadRequest(f"inputs: found {n} and {rows} rows, expected the same number in each.")
        n = rows
        if _is_per_row(tensor.name):
            per_row[tensor.name] = as_list(values[tensor.name])
        elif (
            len(tensor.shape) == 2
            and tensor.name not in schema.names
            and tensor.shape[1] == len(schema.names)
        ):
            matrix = values[tensor.name]
        else:
            columns[tensor.name] = values[tensor.name]
    if per_row:
        call.about = merge_row_metadata(call.about, read_row_metadata(None, per_row))
    if matrix is not None:
        if columns:
            raise BadRequest(
                "inputs: found a matrix of all columns and single columns, expected one or the other."
            )
        width = len(schema.names)
        if schema.numeric and not isinstance(matrix, list) and matrix.dtype.kind in "fiu":
            return RequestRows(n, matrix.astype(np.float64).reshape(n, width), None, call.about)
        flat = as_list(matrix)
        return RequestRows(n, None, {name: flat[i::width] for i, name in enumerate(schema.names)}, call.about)
    if schema.numeric and [*columns] == schema.names and all(map(_is_of_floats, columns.values())):
        return RequestRows(n, np.array([*columns.values()], dtype=np.float64).T, None, call.about)
    return RequestRows(n, None, columns, call.about)


def _is_of_floats(values: Any) -> bool:
    """Whether an array of floats holds them as they were sent."""
    return isinstance(values, np.ndarray) and values.dtype.kind == "f"
