"""What every record is: frozen, and its own canonical JSON."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec


class Record(msgspec.Struct, frozen=True):
    """A noun of the house: the stored JSON, the API's body and the functions' argument at once.

    Subclasses say `frozen=True` for the type checker, and `kw_only=True`, which msgspec does not pass on.
    """


T = TypeVar("T")

# Deterministic: a digest must not depend on the order in which a dict was filled.
_encoder = msgspec.json.Encoder(order="deterministic")


def encode(value: Any) -> bytes:
    """Canonical JSON of a record or of plain JSON values: equal values give equal bytes."""
    return _encoder.encode(value)


def decode(data: bytes | str, as_: type[T]) -> T:
    """A record from its JSON. Raises `msgspec.ValidationError` when the shape is another."""
    return msgspec.json.decode(data, type=as_)
