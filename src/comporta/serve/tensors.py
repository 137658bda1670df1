"""Open Inference tensors: their values from JSON and from bytes, and back.

Types and layouts: Open Inference Protocol v2, "Tensor Data", and its binary tensor data extension.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from math import prod
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from comporta.errors import BadRequest
from comporta.http.json_body import decode_json

DTYPES: dict[str, str] = {
    "BOOL": "?", "UINT8": "u1", "UINT16": "<u2", "UINT32": "<u4", "UINT64": "<u8", "INT8": "i1",
    "INT16": "<i2", "INT32": "<i4", "INT64": "<i8", "FP16": "<f2", "FP32": "<f4", "FP64": "<f8",
}  # fmt: skip
_ANY = msgspec.json.Decoder(list[Any])
_FOUND = {int: "whole numbers", float: "fractions", bool: "booleans", str: "text"}


def tensor_from_json(name: str, datatype: str, shape: Sequence[int], raw: msgspec.Raw) -> list[Any]:
    """The values, flat and row-major: numbers, booleans or texts, null as None. Raises BadRequest."""
    values: list[Any] = decode_json(_ANY, raw, f"input {name}: 'data'")
    for size in shape[:-1]:
        if not values or not isinstance(values[0], list):
            break
        if not all(isinstance(value, list) for value in values):
            raise BadRequest(f"input {name}: 'data' mixes lists and values.")
        if len(values) != size:
            raise BadRequest(
                f"input {name}: found {len(values)} lists in 'data', expected {size} by its shape."
            )
        values = [item for value in values for item in value]
    wanted = prod(shape)
    if len(values) != wanted:
        raise BadRequest(
            f"input {name}: found {len(values)} values in 'data', expected {wanted} by its shape."
        )
    kinds = set(map(type, values)) - {type(None)}
    if datatype == "BYTES":
        good = kinds <= {str}
    elif datatype == "BOOL":
        good = kinds <= {bool}
    elif datatype.startswith("FP"):
        good = kinds <= {int, float}
    else:
        good = kinds <= {int} or (
            kinds <= {int, float} and all(type(value) is not float or value.is_integer() for value in values)
        )
        values = (
            [int(value) if type(value) is float else value for value in values]
            if float in kinds and good
            else values
        )
    if not good:
        plain = sorted(_FOUND[kind] for kind in kinds if kind in _FOUND)
        raise BadRequest(
            f"input {name}: found {', '.join(plain)}"
            + (", " if plain and kinds - _FOUND.keys() else "")
            + ("lists or objects" if kinds - _FOUND.keys() else "")
            + f" in 'data', expected {datatype}."
        )
    return values


def tensor_from_bytes(
    name: str, datatype: str, shape: Sequence[int], data: memoryview
) -> list[Any] | NDArray[Any]:
    """The values of a binary tensor, flat. Raises BadRequest."""
    wanted = prod(shape)
    if datatype == "BYTES":
        return _texts(name, data, wanted)
    dtype = np.dtype(DTYPES[datatype])
    if len(data) != wanted * dtype.itemsize:
        raise BadRequest(
            f"input {name}: found {len(data)} bytes, expected {wanted * dtype.itemsize} by shape and type."
        )
    return np.frombuffer(data, dtype=dtype)


def tensor_to_bytes(datatype: str, values: Sequence[Any]) -> bytes:
    """A binary tensor of these values."""
    if datatype == "BYTES":
        return b"".join(
            struct.pack("<I", len(text)) + text for text in (str(value).encode() for value in values)
        )
    return np.asarray(values, dtype=DTYPES[datatype]).tobytes()


def _texts(name: str, data: memoryview, wanted: int) -> list[Any]:
    texts: list[Any] = []
    at, end = 0, len(data)
    while at < end and len(texts) < wanted:
        size = int.from_bytes(data[at : at + 4], "little")
        at += 4
        if at + size > end:
            break
        try:
            texts.append(str(data[at : at + size], "utf-8"))
        except UnicodeDecodeError:
            raise BadRequest(f"input {name}: element {len(texts)} is not UTF-8 text.") from None
        at += size
    if at != end or len(texts) != wanted:
        raise BadRequest(f"input {name}: its bytes do not hold the {wanted} texts of its shape.")
    return texts
