"""The keyed chain, as ledgers began before each event had a leaf: read and verified, no longer written.

Keyed BLAKE3: who has no key can neither make a link nor tell what a body may have been, so only who has the
key can verify it.
"""

from __future__ import annotations

from datetime import datetime

from blake3 import blake3

from comporta.ledger.chain import parts
from comporta.records.event import Event
from comporta.records.instant import microseconds, moment

_FORM = b"comporta ledger 1"


def keyed_link(key: bytes, *, prev: str, seq: int, at: int, kind: str, schema: int, body: bytes) -> str:
    """The hash of an event, 64 hex digits. at: microseconds since 1970, UTC."""
    held = parts(_FORM, prev.encode(), b"%d" % seq, b"%d" % at, kind.encode(), b"%d" % schema, body)
    return blake3(held, key=key).hexdigest()


def keyed_seal(
    key: bytes, *, prev: str, seq: int, at: datetime, kind: str, schema: int, body: bytes
) -> Event:
    """The event that follows `prev` in a keyed chain: for tests of what was stored so."""
    micros = microseconds(at)
    return Event(
        seq=seq,
        at=moment(micros),
        kind=kind,
        schema=schema,
        body=body,
        prev=prev,
        hash=keyed_link(key, prev=prev, seq=seq, at=micros, kind=kind, schema=schema, body=body),
    )
