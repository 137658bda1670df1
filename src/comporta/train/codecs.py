"""Models as bytes: equal fits give equal bytes, and loading runs nothing that the bytes bring along.

A kept model is one line that says what it is, and then the codec's own bytes:
`comporta model 1 {"codec":"skops","reads":"polars"}`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from comporta.errors import BadProject, Tampered
from comporta.records import Record, decode, encode
from comporta.records.codec import Codec
from comporta.train.families import codecs as shipped
from comporta.train.frames import Reads

__all__ = ["Codec", "Header", "body_of", "from_bytes", "header_of", "shipped", "to_bytes"]

_MAGIC = b"comporta model 1 "


class Header(Record, frozen=True, kw_only=True):
    """The first line. reads: what kind of frame the model was fitted on."""

    codec: str
    reads: Reads


def to_bytes(model: Any, reads: Reads, codecs: Sequence[Codec] = ()) -> bytes:
    """The model, kept. codecs: asked before the shipped ones. Raises BadProject if none accepts it."""
    for codec in (*codecs, *shipped()):
        if codec.accepts(model):
            return _MAGIC + encode(Header(codec=codec.name, reads=reads)) + b"\n" + codec.encode(model)
    raise BadProject(
        f"model: found a {type(model).__module__}.{type(model).__qualname__}, expected an estimator of "
        "scikit-learn, LightGBM, XGBoost or CatBoost, or a class of this project. Return one of them, or add "
        "a codec."
    )


def header_of(data: bytes) -> Header:
    """What kept bytes say they are, without loading them. Raises Tampered on bytes that are no kept model."""
    line = data[: data.find(b"\n")] if data.startswith(_MAGIC) else b""
    try:
        return decode(line.removeprefix(_MAGIC), Header)
    except msgspec.DecodeError as fault:
        raise Tampered("model: found bytes that are no kept model, expected one written here.") from fault


def body_of(data: bytes) -> bytes:
    """The codec's own bytes."""
    return data[data.find(b"\n") + 1 :]


def from_bytes(data: bytes, codecs: Sequence[Codec] = ()) -> tuple[Any, Reads]:
    """The model, and what it reads. Raises Tampered on bytes that are no kept model, BadProject if the
    codec is not at hand."""
    header = header_of(data)
    for codec in (*codecs, *shipped()):
        if codec.name == header.codec:
            return codec.decode(body_of(data)), header.reads
    raise BadProject(f"model: found the codec {header.codec!r}, which is not at hand. Add it.")
