"""The chain: each event's hash covers its own bytes and the hash before it.

Keyed BLAKE3: who has no key can neither make a link nor tell what a body may have been.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from blake3 import blake3

from comporta.records.event import Event

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FORM = b"comporta ledger 1"


def link(key: bytes, *, prev: str, seq: int, at: int, kind: str, schema: int, body: bytes) -> str:
    """The hash of an event, 64 hex digits. at: microseconds since 1970, UTC.

    Every part goes in behind its length, so that no two events give the same bytes.
    """
    parts = (_FORM, prev.encode(), b"%d" % seq, b"%d" % at, kind.encode(), b"%d" % schema, body)
    return blake3(b"".join(b"%d:%b" % (len(part), part) for part in parts), key=key).hexdigest()


def seal(key: bytes, *, prev: str, seq: int, at: datetime, kind: str, schema: int, body: bytes) -> Event:
    """The event that follows `prev`. Raises ValueError when `at` has no time zone."""
    micros = microseconds(at)
    return Event(
        seq=seq,
        at=moment(micros),
        kind=kind,
        schema=schema,
        body=body,
        prev=prev,
        hash=link(key, prev=prev, seq=seq, at=micros, kind=kind, schema=schema, body=body),
    )


def microseconds(at: datetime) -> int:
    """Since 1970, UTC. Raises ValueError when `at` has no time zone."""
    if at.tzinfo is None:
        raise ValueError(f"clock: found {at!r} without a time zone, expected one in UTC.")
    return (at - _EPOCH) // _MICROSECOND


def moment(micros: int) -> datetime:
    """The time these microseconds after 1970, UTC."""
    return _EPOCH + timedelta(microseconds=micros)


def key_mark(key: bytes) -> str:
    """Tells one chain key from another without telling the key."""
    return blake3(b"comporta ledger key", key=key).hexdigest()[:32]
