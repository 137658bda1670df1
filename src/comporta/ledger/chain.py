"""The chain: each event has a leaf, and each link covers the link before it and that leaf.

    leaf = SHA-256(salt, header, body)        link = SHA-256(previous link, leaf)

Plain SHA-256, so that whoever holds the events can follow them with no key. The salt keeps a body that is
withheld from being guessed by its leaf. `docs/reference/ledger.md` gives the exact bytes.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from hashlib import sha256

import msgspec
from blake3 import blake3

from comporta.records.event import Event
from comporta.records.instant import microseconds, moment

SALT_BYTES = 32


def parts(*each: bytes) -> bytes:
    """The parts in one, every one behind its length, so that no two lists of parts give the same bytes."""
    return b"".join(b"%d:%b" % (len(part), part) for part in each)


def header(*, project: str, seq: int, at: int, kind: str, schema: int) -> bytes:
    """What an event says of itself beside its body. at: microseconds since 1970, UTC."""
    return msgspec.json.encode({"project": project, "seq": seq, "at": at, "kind": kind, "schema": schema})


def leaf(salt: bytes, header: bytes, body: bytes) -> str:
    """64 hex digits: of one event alone, wherever it stands in the chain."""
    return sha256(parts(b"comporta event 2", salt, header, body)).hexdigest()


def link(prev: str, leaf: str) -> str:
    """64 hex digits: of an event and all before it. prev: the link before, empty for the first."""
    return sha256(parts(b"comporta link 2", prev.encode(), leaf.encode())).hexdigest()


def seal(
    *, project: str, prev: str, seq: int, at: datetime, kind: str, schema: int, body: bytes, salt: bytes = b""
) -> Event:
    """The event that follows `prev`. salt: fresh random bytes unless given.

    Raises ValueError when `at` has no time zone.
    """
    micros = microseconds(at)
    salt = salt or secrets.token_bytes(SALT_BYTES)
    its = leaf(salt, header(project=project, seq=seq, at=micros, kind=kind, schema=schema), body)
    return Event(
        project=project,
        seq=seq,
        at=moment(micros),
        kind=kind,
        schema=schema,
        body=body,
        prev=prev,
        hash=link(prev, its),
        salt=salt,
        leaf=its,
    )


def key_mark(key: bytes) -> str:
    """Tells one chain key from another without telling the key."""
    return blake3(b"comporta ledger key", key=key).hexdigest()[:32]
