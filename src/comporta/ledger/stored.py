"""An event as a row of the database, and back."""

from __future__ import annotations

from typing import Any

from comporta.errors import Tampered
from comporta.ledger.chain import header, leaf, link, microseconds, moment
from comporta.ledger.keyed import keyed_link
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
    row = tuple(map(plain, row))
    seq, at, kind, schema, salt, body, leaf, prev, hash_ = row
    try:
        if not is_event(row):
            raise TypeError
        return Event(
            project=project,
            seq=seq,
            at=moment(at),
            kind=kind,
            schema=schema,
            body=body,
            prev=prev,
            hash=hash_,
            salt=salt,
            leaf=leaf or "",
        )
    except (TypeError, OverflowError) as error:
        raise Tampered(
            f"event {seq!r}: a field is not of its type. Run `comporta audit verify` to see what was changed."
        ) from error


def is_event(row: Row) -> bool:
    """Whether each field of the stored row is of its type."""
    seq, at, kind, schema, salt, body, its_leaf, prev, hash_ = row
    typed = zip((seq, at, kind, schema, prev, hash_), (int, int, str, int, str, str), strict=True)
    if not all(type(part) is type_ for part, type_ in typed):
        return False
    if its_leaf is None:
        return type(body) is bytes
    return type(its_leaf) is str and type(body) in (bytes, type(None)) and type(salt) in (bytes, type(None))


def is_written(key: bytes, project: str, row: Row, seq: int) -> bool:
    """Whether the row is what was written as event `seq`. key: of the keyed chain."""
    _, at, kind, schema, salt, body, its_leaf, prev, hash_ = row
    if its_leaf is None:
        return bool(hash_ == keyed_link(key, prev=prev, seq=seq, at=at, kind=kind, schema=schema, body=body))
    if salt is None or body is None:
        return False
    its_header = header(project=project, seq=seq, at=at, kind=kind, schema=schema)
    return bool(its_leaf == leaf(salt, its_header, body) and hash_ == link(prev, its_leaf))


def plain(value: Any) -> Any:
    """Bytes as such: some drivers give a view of them."""
    return bytes(value) if isinstance(value, memoryview) else value
