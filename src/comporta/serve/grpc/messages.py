"""The messages of `open_inference.proto` as classes of protobuf's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

from comporta.errors import BadRequest
from comporta.serve.grpc.proto_file import file_descriptor

FILE = Path(__file__).with_name("open_inference.proto")
# A pool of its own: in the one that all share a client's messages of the same names may be.
_pool = DescriptorPool()
_pool.AddSerializedFile(file_descriptor(FILE.name, FILE.read_text()).SerializeToString())


def _message(name: str) -> Any:
    return GetMessageClass(_pool.FindMessageTypeByName(f"inference.{name}"))


ServerLiveRequest = _message("ServerLiveRequest")
ServerLiveResponse = _message("ServerLiveResponse")
ServerReadyRequest = _message("ServerReadyRequest")
ServerReadyResponse = _message("ServerReadyResponse")
ModelReadyRequest = _message("ModelReadyRequest")
ModelReadyResponse = _message("ModelReadyResponse")
ServerMetadataRequest = _message("ServerMetadataRequest")
ServerMetadataResponse = _message("ServerMetadataResponse")
ModelMetadataRequest = _message("ModelMetadataRequest")
ModelMetadataResponse = _message("ModelMetadataResponse")
ModelInferRequest = _message("ModelInferRequest")
ModelInferResponse = _message("ModelInferResponse")


def read_message(kind: Any, data: bytes) -> Any:
    """The message in these bytes. Raises BadRequest."""
    try:
        return kind.FromString(data)
    except DecodeError:
        raise BadRequest(
            f"the message: found bytes that are no inference.{kind.DESCRIPTOR.name}, expected one as "
            "open_inference_grpc.proto of the Open Inference Protocol defines it."
        ) from None
