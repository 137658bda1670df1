"""An event as a row of the database, and back."""

from __future__ import annotations

from typing import Any

from comporta.errors import Tampered
from comporta.ledger.chain import microseconds, moment
from comporta.ledger.protocol import Row
from comporta.records.event import Event

COLUMNS = ("seq", "at", "kind", "schema", "salt", "body", "leaf", "prev", "hash")


def row_of(event: Event) -> Row:
    """The event as it is stored."""
    return (
        event.seq,
        microseconds(event.at),
        event.kind,
        event.schema,
        event.salt,
        event.body,
        event.leaf or None,
        event.prev,
        event.hash,
    )


def event_of(row: Row, project: str) -> Event:
    """The event in a stored row. Raises Tampered when its fields are not of their types."""
    seq, at, kind, schema, salt, body, leaf, prev, hash_ = row
    try:
        return Event(
            project=project,
            seq=seq,
            at=moment(at),
            kind=kind,
            schema=schema,
            body=None if body is None else bytes(body),
            prev=prev,
            hash=hash_,
            salt=None if salt is None else bytes(salt),
            leaf=leaf or "",
        )
    except (TypeError, OverflowError) as error:
        raise Tampered(
            f"event {seq}: a field is not of its type. Run `comporta audit verify` to see what was changed."
        ) from error


def plain(value: Any) -> Any:
    """Bytes as such: some drivers give a view of them."""
    return bytes(value) if isinstance(value, memoryview) else value
