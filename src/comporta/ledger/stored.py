"""An event as a row of the database, and back."""

from __future__ import annotations

from typing import Any

from comporta.errors import Tampered
from comporta.ledger.chain import header, leaf, link
from comporta.ledger.keyed import keyed_link
from comporta.ledger.protocol import EventRow
from comporta.records.event import Event
from comporta.records.instant import microseconds, moment


def row_of(event: Event) -> EventRow:
    """The event as it is stored."""
    return EventRow(
        seq=event.seq,
        at=microseconds(event.at),
        kind=event.kind,
        schema=event.schema,
        salt=event.salt,
        body=event.body,
        leaf=event.leaf or None,
        prev=event.prev,
        hash=event.hash,
    )


def event_of(row: EventRow, project: str) -> Event:
    """The event in a stored row. Raises Tampered when its fields are not of their types."""
    try:
        if not is_event(row):
            raise TypeError
        return Event(
            project=project,
            seq=row.seq,
            at=moment(row.at),
            kind=row.kind,
            schema=row.schema,
            body=row.body,
            prev=row.prev,
            hash=row.hash,
            salt=row.salt,
            leaf=row.leaf or "",
        )
    except (TypeError, OverflowError) as error:
        raise Tampered(
            f"event {row.seq!r}: a field is not of its type. Run `comporta audit verify` to see what was "
            "changed."
        ) from error


def is_event(row: EventRow) -> bool:
    """Whether each field of the stored row is of its type."""
    fields = (row.seq, row.at, row.kind, row.schema, row.prev, row.hash)
    typed = zip(fields, (int, int, str, int, str, str), strict=True)
    if not all(type(part) is type_ for part, type_ in typed):
        return False
    if row.leaf is None:
        return type(row.body) is bytes
    return type(row.leaf) is str and all(type(each) in (bytes, type(None)) for each in (row.body, row.salt))


def is_written(key: bytes, project: str, row: EventRow, seq: int) -> bool:
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
