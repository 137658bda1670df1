"""Answers and metadata as messages: raw contents, in the order of the outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from comporta.http.token_gate import Bearer
from comporta.serve.grpc.messages import ModelInferResponse, ModelMetadataResponse
from comporta.serve.tensors import tensor_to_bytes
from comporta.serve.v2_request import InferRequest
from comporta.serve.v2_response import v2_outputs
from comporta.serve.version_parts import VersionPart


def write_infer_message(
    call: InferRequest, model: str, parts: list[VersionPart], ids: list[str], bearer: Bearer | None = None
) -> bytes:
    """A ModelInferResponse. Its `model_version` is empty where the rows were answered by several, which an
    output tells then. Raises BadRequest for an output there is none of."""
    version, outputs = v2_outputs(call, parts, ids, bearer)
    message = ModelInferResponse(model_name=model, model_version=version or "", id=call.id or ids[0])
    for output in outputs:
        message.outputs.add(name=output.name, datatype=output.datatype, shape=output.shape)
        message.raw_output_contents.append(tensor_to_bytes(output.datatype, output.values))
    return bytes(message.SerializeToString())


def metadata_message(metadata: Mapping[str, Any]) -> bytes:
    """A ModelMetadataResponse of what `v2_model_metadata` gives. What is no field of it is told by REST
    alone."""
    message = ModelMetadataResponse(
        name=metadata["name"], versions=metadata["versions"], platform=metadata["platform"]
    )
    for tensors, of in ((message.inputs, "inputs"), (message.outputs, "outputs")):
        for each in metadata[of]:
            tensors.add(name=each["name"], datatype=each["datatype"], shape=each["shape"])
    return bytes(message.SerializeToString())
