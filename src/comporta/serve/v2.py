"""Open Inference Protocol v2, REST: requests read, answers and metadata written.

Specification: github.com/kserve/open-inference-protocol, `rest/http.md`; binary tensor data extension as
Triton has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from comporta.errors import BadRequest
from comporta.serve.asked import NOBODY, PER_ROW, TIME, About, RequestRows, about
from comporta.serve.body import decode
from comporta.serve.columns import V2_TYPES, listed, shown
from comporta.serve.heads import label_type
from comporta.serve.live import Live
from comporta.serve.parts import Part, together, versions
from comporta.serve.schema import Schema
from comporta.serve.source import Loaded
from comporta.serve.tensors import DTYPES, from_bytes, from_json, to_bytes

Parameters = dict[str, str | int | float | bool | None]
Headers = tuple[tuple[bytes, bytes], ...]
JSON = b"application/json"
JSON_ONLY: Headers = ((b"content-type", JSON),)
OCTETS = b"application/octet-stream"
_EXACT = 2**53
_NONE = memoryview(b"")


class Quick(msgspec.Struct, gc=False):
    """A tensor of numbers: what nearly every request holds."""

    name: str
    shape: list[int]
    datatype: str
    data: list[float | None]


class Tensor(msgspec.Struct, gc=False):
    """Any tensor; its data is read once its type is known."""

    name: str
    shape: list[int]
    datatype: str
    data: msgspec.Raw = msgspec.Raw(b"")
    parameters: Parameters | None = None


class Wanted(msgspec.Struct, gc=False):
    name: str
    parameters: Parameters | None = None


class QuickBody(msgspec.Struct, gc=False):
    inputs: list[Quick]
    id: str | None = None
    parameters: Parameters | None = None
    outputs: list[Wanted] | None = None


class Body(msgspec.Struct, gc=False):
    inputs: list[Tensor]
    id: str | None = None
    parameters: Parameters | None = None
    outputs: list[Wanted] | None = None


class Call(msgspec.Struct, gc=False):
    """A request read. outputs: the names asked for, each with whether as bytes; None: all.

    binary: whether outputs not named are wanted as bytes.
    """

    id: str | None
    about: About
    body: QuickBody | Body
    raw: bytes
    tail: memoryview
    outputs: dict[str, bool] | None = None
    binary: bool = False


class Output(msgspec.Struct, gc=False):
    """One output tensor. values: flat."""

    name: str
    datatype: str
    shape: list[int]
    values: Sequence[Any]


_quick = msgspec.json.Decoder(QuickBody)
_general = msgspec.json.Decoder(Body)
encode = msgspec.json.encode


def read(body: bytes, json_size: int | None) -> Call:
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
                return Call(quick.id, NOBODY, quick, body, _NONE)
            return _call(quick, body)
        return _call(decode(_general, body), body)
    head = body[:json_size]
    return _call(decode(_general, head), head, memoryview(body)[json_size:])


def rows(call: Call, schema: Schema, limit: int) -> RequestRows:
    """The rows as this model takes them: one input a column, or one matrix. Raises BadRequest."""
    body = call.body
    if isinstance(body, QuickBody):
        asked = _quick_rows(body, schema, limit, call.about)
        if asked is not None:
            return asked
        # What was read as floats may have lost digits of whole numbers: read it again as it was sent.
        body = decode(_general, call.raw)
    at, read_so_far = 0, {}
    for tensor in body.inputs:
        _check_shape(tensor.name, tensor.shape, tensor.datatype)
        size = (tensor.parameters or {}).get("binary_data_size")
        if size is not None:
            if not isinstance(size, int) or isinstance(size, bool) or size < 0 or at + size > len(call.tail):
                raise BadRequest(
                    f"input {shown(tensor.name)}: 'binary_data_size' is not a "
                    "number of bytes that follow the JSON."
                )
            values: Any = from_bytes(
                shown(tensor.name), tensor.datatype, tensor.shape, call.tail[at : at + size]
            )
            at += size
        elif len(memoryview(tensor.data)) == 0:
            raise BadRequest(f"input {shown(tensor.name)}: found no 'data'.")
        else:
            values = from_json(shown(tensor.name), tensor.datatype, tensor.shape, tensor.data)
        read_so_far[tensor.name] = values
    if at != len(call.tail):
        raise BadRequest(f"found {len(call.tail) - at} bytes after the last input, expected none.")
    return _columns(body.inputs, read_so_far, schema, limit, call)


def write(call: Call, model: str, parts: list[Part], ids: list[str]) -> tuple[bytes, Headers]:
    """The answer's body and its headers. Raises BadRequest for an output there is none of."""
    label, probability = together(parts)
    n, version = len(ids), None
    if len(parts) == 1:
        version = str(parts[0].live.loaded.number)
        if call.outputs is None and not call.binary:
            return _plain(call, parts[0].live, label, probability, ids), JSON_ONLY
    found = _outputs(parts[0].live, label, probability, n)
    if version is None:
        found.append(Output("model_version", "BYTES", [n], [str(number) for number in versions(parts, n)]))
    found.append(Output("prediction_id", "BYTES", [n], ids))
    if call.outputs is not None:
        found = _named(found, call.outputs)
    tail: list[bytes] = []
    tensors = []
    for output in found:
        tensor: dict[str, Any] = {"name": output.name, "datatype": output.datatype, "shape": output.shape}
        if call.binary if call.outputs is None else call.outputs.get(output.name, call.binary):
            tail.append(to_bytes(output.datatype, output.values))
            tensor["parameters"] = {"binary_data_size": len(tail[-1])}
        else:
            tensor["data"] = output.values
        tensors.append(tensor)
    said: dict[str, Any] = {"model_name": model, "id": call.id or ids[0], "outputs": tensors}
    if version is not None:
        said["model_version"] = version
    head = encode(said)
    if not tail:
        return head, JSON_ONLY
    size = b"%d" % len(head)
    return b"".join((head, *tail)), ((b"content-type", OCTETS), (b"inference-header-content-length", size))


def _plain(
    call: Call, live: Live, label: list[Any] | None, probability: list[Any] | None, ids: list[str]
) -> bytes:
    """The usual answer, put together from parts that are the same for all of a version's answers."""
    heads, n = live.heads, b"%d" % len(ids)
    parts = [heads.start, encode(call.id or ids[0]), b',"outputs":[']
    if label is not None:
        parts += (heads.label, n, b'],"data":', encode(label), b"},")
    if probability is not None:
        parts += (heads.probability, n, heads.classes, encode(_flat(probability)), b"},")
    parts += (heads.id, n, b'],"data":', encode(ids), b"}]}")
    return b"".join(parts)


def _outputs(live: Live, label: list[Any] | None, probability: list[Any] | None, n: int) -> list[Output]:
    found, signature = [], live.loaded.signature
    if label is not None:
        found.append(Output(live.label_name, label_type(signature), [n], label))
    if probability is not None:
        shape = [n] if signature.task == "binary" else [n, len(signature.classes)]
        found.append(Output("probability", "FP64", shape, _flat(probability)))
    return found


def _flat(probability: list[Any]) -> list[float]:
    """Row-major; of a binary model it is flat already."""
    if isinstance(probability[0], list):
        return [chance for row in probability for chance in row]
    return probability


def _named(found: list[Output], wanted: dict[str, bool]) -> list[Output]:
    known = {output.name for output in found}
    for name in wanted:
        if name not in known:
            raise BadRequest(f"outputs: found {shown(name)}, expected one of {', '.join(sorted(known))}.")
    # The id goes along even when it was not asked for: without it no label can be told.
    return [output for output in found if output.name in wanted or output.name == "prediction_id"]


def metadata(model: str, numbers: Sequence[int], loaded: Loaded, schema: Schema) -> dict[str, Any]:
    """What a model takes and gives, in the protocol's words; categories, classes and what else a request
    must say in `parameters`."""
    signature = loaded.signature
    inputs: list[dict[str, Any]] = []
    for column, field in zip(schema.columns, signature.raw, strict=True):
        said: dict[str, Any] = {"name": column.name, "datatype": V2_TYPES[column.kind], "shape": [-1]}
        said["parameters"] = {"nullable": column.nullable, "type": field.type}
        if column.name in schema.strict:
            said["parameters"]["values"] = sorted(column.values)
        inputs.append(said)
    outputs: list[dict[str, Any]] = []
    if signature.task == "regression":
        outputs.append({"name": "prediction", "datatype": label_type(signature), "shape": [-1]})
    elif signature.output in ("label", "both"):
        outputs.append({"name": "label", "datatype": label_type(signature), "shape": [-1]})
    if signature.task != "regression" and signature.output in ("probability", "both"):
        binary = signature.task == "binary"
        classes = list(signature.classes)
        outputs.append(
            {
                "name": "probability",
                "datatype": "FP64",
                "shape": [-1] if binary else [-1, len(classes)],
                "parameters": {"of": classes[1:] if binary else classes},
            }
        )
    outputs.append({"name": "prediction_id", "datatype": "BYTES", "shape": [-1]})
    said = {
        "name": model,
        "versions": [str(number) for number in numbers],
        "platform": "comporta",
        "inputs": inputs,
        "outputs": outputs,
    }
    return said | {"parameters": {"requires": loaded.requires}} if loaded.requires else said


def _call(body: QuickBody | Body, raw: bytes, tail: memoryview = _NONE) -> Call:
    parameters = body.parameters
    call = Call(body.id, about(parameters), body, raw, tail)
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


def _quick_rows(body: QuickBody, schema: Schema, limit: int, who: About) -> RequestRows | None:
    """The rows as an array where nothing needs a closer look; else None."""
    inputs = body.inputs
    if not schema.numeric or not inputs:
        return None
    first = inputs[0]
    width = len(schema.names)
    if len(inputs) == 1:
        if first.datatype[:2] != "FP" or len(first.shape) != 2 or first.shape[1] != width:
            return None
        n = first.shape[0]
        if (
            (width == 1 and first.name == schema.names[0])
            or not 0 < n <= limit
            or len(first.data) != n * width
        ):
            return None
        array = np.array(first.data, dtype=np.float64).reshape(n, width)
        return RequestRows(n, array, None, who, first.data if n == 1 else None)
    if [tensor.name for tensor in inputs] != schema.names:
        return None
    n = len(first.data)
    if not 0 < n <= limit:
        return None
    for tensor in inputs:
        if len(tensor.data) != n or tensor.shape not in ([n], [n, 1]) or not _exact(tensor):
            return None
    if n == 1:
        row = [tensor.data[0] for tensor in inputs]
        return RequestRows(1, np.array([row], dtype=np.float64), None, who, row)
    return RequestRows(n, np.array([tensor.data for tensor in inputs], dtype=np.float64).T, None, who)


def _exact(tensor: Quick) -> bool:
    """Whether floats hold the tensor's values as they were sent."""
    if tensor.datatype in ("FP64", "FP32"):
        return True
    return tensor.datatype in ("INT64", "INT32") and all(
        value is None or (value.is_integer() and abs(value) < _EXACT) for value in tensor.data
    )


def _check_shape(name: str, shape: list[int], datatype: str) -> None:
    if datatype != "BYTES" and datatype not in DTYPES:
        raise BadRequest(
            f"input {shown(name)}: found the datatype {shown(datatype)}, expected one of BYTES, "
            f"{', '.join(DTYPES)}."
        )
    if not 1 <= len(shape) <= 2 or any(not 0 < size < 2**31 for size in shape):
        raise BadRequest(f"input {shown(name)}: expected a shape of one or two sizes, each at least 1.")


def _columns(
    inputs: Sequence[Quick | Tensor], values: dict[str, Any], schema: Schema, limit: int, call: Call
) -> RequestRows:
    if len(values) != len(inputs):
        raise BadRequest("inputs: found one name twice, expected each input once.")
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
        if tensor.name in PER_ROW or tensor.name == TIME:
            per_row[tensor.name] = listed(values[tensor.name])
        elif (
            len(tensor.shape) == 2
            and tensor.name not in schema.names
            and tensor.shape[1] == len(schema.names)
        ):
            matrix = values[tensor.name]
        elif len(tensor.shape) == 2 and tensor.shape[1] != 1:
            raise BadRequest(
                f"input {shown(tensor.name)}: found the shape [{rows}, {tensor.shape[1]}], expected [{rows}] "
                f"or [{rows}, 1] for a column, or [{rows}, {len(schema.names)}] for a matrix of all columns."
            )
        else:
            columns[tensor.name] = values[tensor.name]
    if n > limit:
        raise too_many(n, limit)
    if per_row:
        call.about = merged(call.about, about(None, per_row))
    if matrix is not None:
        if columns:
            raise BadRequest(
                "inputs: found a matrix of all columns and single columns, expected one or the other."
            )
        width = len(schema.names)
        if schema.numeric and not isinstance(matrix, list) and matrix.dtype.kind in "fiu":
            return RequestRows(n, matrix.astype(np.float64).reshape(n, width), None, call.about)
        flat = listed(matrix)
        return RequestRows(n, None, {name: flat[i::width] for i, name in enumerate(schema.names)}, call.about)
    return RequestRows(n, None, columns, call.about)


def merged(one: About, rows: About) -> About:
    """What is said of each row goes before what is said of all."""
    return About(
        key=rows.key if rows.key is not None else one.key,
        subject=rows.subject if rows.subject is not None else one.subject,
        unit=rows.unit if rows.unit is not None else one.unit,
        at=rows.at if rows.at is not None else one.at,
    )


def too_many(n: int, limit: int) -> BadRequest:
    """A request of more rows than one may hold."""
    return BadRequest(f"found {n} rows, expected at most {limit} in one request. Send them in parts.", 413)
