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
from comporta.http.value_length import require_short_value

DTYPES: dict[str, str] = {
    "BOOL": "?", "UINT8": "u1", "UINT16": "<u2", "UINT32": "<u4", "UINT64": "<u8", "INT8": "i1",
    "INT16": "<i2", "INT32": "<i4", "INT64": "<i8", "FP16": "<f2", "FP32": "<f4", "FP64": "<f8",
}  # fmt: skip
RANGES: dict[str, tuple[int, int] | tuple[float, float]] = {
    name: (
        (int(np.iinfo(code).min), int(np.iinfo(code).max))
        if np.dtype(code).kind in "iu"
        else (float(np.finfo(code).min), float(np.finfo(code).max))
    )
    for name, code in DTYPES.items()
    if name != "BOOL"
}
"""The smallest and the largest number of each datatype."""
_NUMBERS = msgspec.json.Decoder(list[Any])
_VALUES, _VALUE = msgspec.json.Decoder(list[msgspec.Raw]), msgspec.json.Decoder(Any)
_FOUND = {int: "whole numbers", float: "fractions", bool: "booleans", str: "text"}


def tensor_from_json(name: str, datatype: str, shape: Sequence[int], raw: msgspec.Raw) -> list[Any]:
    """The values, flat and row-major: numbers, booleans or texts, null as None. Raises BadRequest."""
    what = f"input {name}: 'data'"
    if datatype == "BYTES":
        # Text by text: one call for many long ones would keep the interpreter from everybody else.
        values = [decode_json(_VALUE, each, what) for each in decode_json(_VALUES, raw, what)]
    else:
        values = decode_json(_NUMBERS, raw, what)
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
    if good:
        _require_in_range(name, datatype, shape, values)
    else:
        plain = sorted(_FOUND[kind] for kind in kinds if kind in _FOUND)
        raise BadRequest(
            f"input {name}: found {', '.join(plain)}"
            + (", " if plain and kinds - _FOUND.keys() else "")
            + ("lists or objects" if kinds - _FOUND.keys() else "")
            + f" in 'data', expected {datatype}."
        )
    return values


def _require_in_range(name: str, datatype: str, shape: Sequence[int], values: list[Any]) -> None:
    """Raises BadRequest for the first number that the datatype cannot hold."""
    low, high = RANGES.get(datatype, (0, 0))
    if low == high or datatype == "FP64":
        return
    for at, value in enumerate(values):
        if value is not None and not low <= value <= high:
            raise outside(name, datatype, at, shape)


def outside(name: str, datatype: str, at: int, shape: Sequence[int]) -> BadRequest:
    """A number that its datatype cannot hold. at: its place in the flat data."""
    row, column = divmod(at, shape[1] if len(shape) == 2 else 1)
    place = f"row {row}, column {column}" if len(shape) == 2 and shape[1] > 1 else f"row {row}"
    low, high = RANGES[datatype]
    return BadRequest(
        f"input {name}, {place}: found a number outside of {datatype}, expected {low} to {high}."
    )


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
        require_short_value(size)
        try:
            texts.append(str(data[at : at + size], "utf-8"))
        except UnicodeDecodeError:
            raise BadRequest(f"input {name}: element {len(texts)} is not UTF-8 text.") from None
        at += size
    if at != end or len(texts) != wanted:
        raise BadRequest(f"input {name}: its bytes do not hold the {wanted} texts of its shape.")
    return texts
