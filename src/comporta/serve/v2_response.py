"""Open Inference Protocol v2, REST: answers and metadata written.

Specification: github.com/kserve/open-inference-protocol, `rest/http.md`; binary tensor data extension as
Triton has it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from comporta.errors import BadRequest
from comporta.http.replies import JSON_ONLY, Headers
from comporta.http.token_gate import Bearer
from comporta.serve.columns import V2_TYPES, quote
from comporta.serve.live_version import LiveVersion
from comporta.serve.response_heads import label_type
from comporta.serve.schema import RequestSchema
from comporta.serve.tensors import tensor_to_bytes
from comporta.serve.v2_request import InferRequest
from comporta.serve.version_parts import VersionPart, join_outputs, versions_by_row
from comporta.serve.version_source import LoadedVersion, RowScores

OCTETS = b"application/octet-stream"
encode = msgspec.json.encode


class OutputTensor(msgspec.Struct, gc=False):
    """One output tensor. values: flat."""

    name: str
    datatype: str
    shape: list[int]
    values: Sequence[Any]


def write_v2_response(
    call: InferRequest, model: str, parts: list[VersionPart], ids: list[str], bearer: Bearer | None = None
) -> tuple[bytes, Headers]:
    """The answer's body and its headers. Raises BadRequest for an output there is none of."""
    if len(parts) == 1 and call.outputs is None and not call.binary:
        return _plain(call.id or ids[0], parts[0].live, *join_outputs(parts, bearer), ids), JSON_ONLY
    version, found = v2_outputs(call, parts, ids, bearer)
    tail: list[bytes] = []
    tensors = []
    for output in found:
        tensor: dict[str, Any] = {"name": output.name, "datatype": output.datatype, "shape": output.shape}
        if call.binary if call.outputs is None else call.outputs.get(output.name, call.binary):
            tail.append(tensor_to_bytes(output.datatype, output.values))
            tensor["parameters"] = {"binary_data_size": len(tail[-1])}
        else:
            tensor["data"] = output.values
        tensors.append(tensor)
    answer: dict[str, Any] = {"model_name": model, "id": call.id or ids[0], "outputs": tensors}
    if version is not None:
        answer["model_version"] = version
    head = encode(answer)
    if not tail:
        return head, JSON_ONLY
    size = b"%d" % len(head)
    return b"".join((head, *tail)), ((b"content-type", OCTETS), (b"inference-header-content-length", size))


def write_v2_row(name: str, live: LiveVersion, scores: RowScores, id: str) -> bytes:
    """The same body for one row, of which all is told. name: the request's `id`, or else the prediction's."""
    label, probability = (None if each is None else [each] for each in scores)
    return _plain(name, live, label, probability, [id])


def v2_outputs(
    call: InferRequest, parts: list[VersionPart], ids: list[str], bearer: Bearer | None
) -> tuple[str | None, list[OutputTensor]]:
    """The version that answered, None where there were several, and the outputs that are wanted. Raises
    BadRequest for one there is none of."""
    label, probability = join_outputs(parts, bearer)
    n, numbers = len(ids), {part.live.loaded.number for part in parts}
    version = str(numbers.pop()) if len(numbers) == 1 else None
    found = _outputs(parts[0].live, label, probability, n)
    if version is None:
        found.append(
            OutputTensor("model_version", "BYTES", [n], [str(number) for number in versions_by_row(parts, n)])
        )
    found.append(OutputTensor("prediction_id", "BYTES", [n], ids))
    return version, found if call.outputs is None else _select_outputs(found, call.outputs)


def _plain(
    name: str,
    live: LiveVersion,
    label: list[Any] | None,
    probability: list[Any] | None,
    ids: list[str],
) -> bytes:
    """The usual answer, put together from parts that are the same for all of a version's answers. name: its
    `id`."""
    heads, n = live.heads, b"%d" % len(ids)
    parts = [heads.start, encode(name), b',"outputs":[']
    if label is not None:
        parts += (heads.label, n, b'],"data":', encode(label), b"},")
    if probability is not None:
        parts += (heads.probability, n, heads.classes, encode(_flat(probability)), b"},")
    parts += (heads.id, n, b'],"data":', encode(ids), b"}]}")
    return b"".join(parts)


def _outputs(
    live: LiveVersion, label: list[Any] | None, probability: list[Any] | None, n: int
) -> list[OutputTensor]:
    found, signature = [], live.loaded.signature
    if label is not None:
        found.append(OutputTensor(live.label_name, label_type(signature), [n], label))
    if probability is not None:
        shape = [n] if signature.task == "binary" else [n, len(signature.classes)]
        found.append(OutputTensor("probability", "FP64", shape, _flat(probability)))
    return found


def _flat(probability: list[Any]) -> list[float]:
    """Row-major; of a binary model it is flat already."""
    if isinstance(probability[0], list):
        return [chance for row in probability for chance in row]
    return probability


def _select_outputs(found: list[OutputTensor], wanted: dict[str, bool]) -> list[OutputTensor]:
    known = {output.name for output in found}
    for name in wanted:
        if name not in known:
            raise BadRequest(f"outputs: found {quote(name)}, expected one of {', '.join(sorted(known))}.")
    # The id goes along even when it was not asked for: without it no label can be told.
    return [output for output in found if output.name in wanted or output.name == "prediction_id"]


def v2_model_metadata(
    model: str, numbers: Sequence[int], loaded: LoadedVersion, schema: RequestSchema
) -> dict[str, Any]:
    """What a model takes and gives, in the protocol's words; categories, classes and what else a request
    must say in `parameters`."""
    signature = loaded.signature
    inputs: list[dict[str, Any]] = []
    expected = {each.name: each.expected for each in schema.expected}
    for column, field in zip(schema.columns, signature.raw, strict=True):
        tensor: dict[str, Any] = {"name": column.name, "datatype": V2_TYPES[column.kind], "shape": [-1]}
        tensor["parameters"] = {"nullable": column.nullable, "type": field.type}
        if column.name in schema.strict:
            tensor["parameters"]["values"] = sorted(column.values)
        if column.name in expected:
            tensor["parameters"]["expected"] = expected[column.name]
        inputs.append(tensor)
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
    described = {
        "name": model,
        "versions": [str(number) for number in numbers],
        "platform": "comporta",
        "inputs": inputs,
        "outputs": outputs,
    }
    parameters: dict[str, Any] = {}
    if loaded.requires:
        parameters["requires"] = loaded.requires
    if len(loaded.forms) > 1:
        parameters["forms"] = {str(rows): form for rows, form in loaded.forms}
    return described | {"parameters": parameters} if parameters else described
