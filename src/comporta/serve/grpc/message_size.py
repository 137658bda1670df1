"""What a large message would become, counted before it is decoded: a decoder makes a hundred bytes of two.

Wire format: protobuf.dev, "Encoding".
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from comporta.errors import BadRequest
from comporta.http.body import MostValues

MOST_FIELDS = 20_000
"""Inputs, outputs, parameters and raw contents of one message together."""
_NAME, _VERSION, _INPUTS, _OUTPUTS = 1, 2, 5, 6  # of ModelInferRequest
_SHAPE, _CONTENTS = 3, 5  # of InferInputTensor
_VARINT, _EIGHT, _LENGTH, _FOUR = 0, 1, 2, 5
_WIDTHS = {_EIGHT: 8, _FOUR: 4}
_FLOATS = {6: 4, 7: 8}  # of InferTensorContents: bytes of one
_BYTES = 8


def model_named(message: bytes) -> tuple[str, str]:
    """`model_name` and `model_version` of a ModelInferRequest; the rest is not looked into. Raises
    BadRequest, 413 where it has too many fields."""
    found = {_NAME: b"", _VERSION: b""}
    view = memoryview(message)
    for count, (number, value) in enumerate(_fields(view)):
        if count >= MOST_FIELDS:
            raise BadRequest(
                f"the message: found more than {MOST_FIELDS} inputs and outputs. Send one matrix of all "
                "columns.",
                413,
            )
        if number in found and value is not None:
            found[number] = bytes(value[:1024])
    return found[_NAME].decode(errors="replace"), found[_VERSION].decode(errors="replace")


def require_values(message: bytes, most: MostValues) -> None:
    """Raises BadRequest, 413, where the typed contents of a ModelInferRequest hold more values than these, or
    its outputs more parameters than there may be fields."""
    values = wanted = 0
    for number, tensor in _fields(memoryview(message)):
        if tensor is None:
            continue
        if number == _OUTPUTS:
            wanted = _count_wanted(tensor, wanted)
        if number != _INPUTS:
            continue
        for inner, contents in _fields(tensor):
            values += _values_in(inner, contents) if inner == _SHAPE else 1
            if inner == _CONTENTS and contents is not None:
                for field, packed in _fields(contents):
                    values += _values_in(field, packed)
                    if values > most.values:
                        break
            if values > most.values:
                raise BadRequest(
                    f"the message: found more values than {most.text} can have. Send the rows in parts.", 413
                )


def _count_wanted(output: memoryview, before: int) -> int:
    """How many fields the outputs asked for have, with those of this one."""
    for _ in _fields(output):
        before += 1
        if before > MOST_FIELDS:
            raise BadRequest(
                f"the message: found more than {MOST_FIELDS} parameters of its outputs. Send fewer.", 413
            )
    return before


def _values_in(field: int, packed: memoryview | None) -> int:
    """How many values one field of InferTensorContents holds."""
    if packed is None or field == _BYTES:
        return 1
    if field in _FLOATS:
        return len(packed) // _FLOATS[field]
    # The last byte of a number has no eighth bit.
    return int(np.count_nonzero(np.frombuffer(packed, dtype=np.uint8) < 128))


def _fields(view: memoryview) -> Iterator[tuple[int, memoryview | None]]:
    """(number, bytes) of each field; None for one of a single number. Raises BadRequest."""
    at, end = 0, len(view)
    while at < end:
        key, at = _varint(view, at)
        kind = key & 7
        if kind == _LENGTH:
            size, at = _varint(view, at)
            if at + size > end:
                raise _no_message()
            yield key >> 3, view[at : at + size]
            at += size
            continue
        if kind == _VARINT:
            _, at = _varint(view, at)
        elif kind in _WIDTHS:
            at += _WIDTHS[kind]
        else:
            raise _no_message()
        if at > end:
            raise _no_message()
        yield key >> 3, None


def _varint(view: memoryview, at: int) -> tuple[int, int]:
    """A number, and where it ends."""
    value = shift = 0
    for byte in view[at : at + 10]:
        value |= (byte & 127) << shift
        at += 1
        if byte < 128:
            return value, at
        shift += 7
    raise _no_message()


def _no_message() -> BadRequest:
    return BadRequest("the message: found bytes that are no message of the Open Inference Protocol.")
