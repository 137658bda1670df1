"""What all Open Inference answers of one version begin with, written once."""

from __future__ import annotations

import msgspec

from comporta.records import Signature


class ResponseHeads(msgspec.Struct, frozen=True, gc=False):
    """Pieces of JSON. A tensor's head ends where its number of rows is to be written.

    classes: what follows that number in the probabilities' shape, up to their data.
    """

    start: bytes
    label: bytes
    probability: bytes
    classes: bytes
    id: bytes


def response_heads(model: str, number: int, signature: Signature, label_name: str) -> ResponseHeads:
    """Of a version."""
    encode = msgspec.json.encode
    start = b'{"model_name":%b,"model_version":"%d","id":' % (encode(model), number)
    wide = signature.task != "binary"
    return ResponseHeads(
        start=start,
        label=_head(label_name, label_type(signature)),
        probability=_head("probability", "FP64"),
        classes=b',%d],"data":' % len(signature.classes) if wide else b'],"data":',
        id=_head("prediction_id", "BYTES"),
    )


def label_type(signature: Signature) -> str:
    """The v2 datatype of a label; of a regression that of its numbers, whatever the target's was."""
    if signature.task == "regression":
        return "FP64"
    return {"boolean": "BOOL", "whole": "INT64", "real": "FP64"}.get(signature.label_kind, "BYTES")


def _head(name: str, datatype: str) -> bytes:
    return b'{"name":"%b","datatype":"%b","shape":[' % (name.encode(), datatype.encode())
