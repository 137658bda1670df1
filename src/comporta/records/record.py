"""What every record is: frozen, and its own canonical JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

Json = str | int | float | bool | None | Sequence["Json"] | Mapping[str, "Json"]
"""Any JSON value."""


class Record(msgspec.Struct, frozen=True):
    """A stored record: the JSON, the API's body and the functions' argument at once.

    Subclasses say `frozen=True` for the type checker, and `kw_only=True`, which msgspec does not pass on.
    """


def unusual(record: msgspec.Struct) -> dict[str, Any]:
    """The values of its fields that are not the usual ones, by the names under which they are stored: a field
    that is added later with a default changes nothing of what is made of it."""
    told = {}
    for field in msgspec.structs.fields(record):
        value, usual = getattr(record, field.name), field.default
        if usual is msgspec.NODEFAULT and field.default_factory is not msgspec.NODEFAULT:
            usual = field.default_factory()
        if value != usual:
            told[field.encode_name] = value
    return told


T = TypeVar("T")

# Deterministic: a digest must not depend on the order in which a dict was filled.
_encoder = msgspec.json.Encoder(order="deterministic")


def encode(value: Any) -> bytes:
    """Canonical JSON of a record or of plain JSON values: equal values give equal bytes."""
    return _encoder.encode(value)


def decode(data: bytes | str, as_: type[T]) -> T:
    """A record from its JSON. Raises `msgspec.ValidationError` when the shape is another."""
    return msgspec.json.decode(data, type=as_)
