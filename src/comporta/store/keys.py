"""Keyed digests: what a plain hash of a short personal value gives away, these do not.

One project secret; a key for each use is derived from it (BLAKE3 derive_key mode, BLAKE3 paper section 2.3),
so that a digest made for one purpose cannot be matched against another's.
"""

from __future__ import annotations

import secrets
from functools import lru_cache

from blake3 import blake3

from comporta.records.record import Record

SECRET_BYTES = 32


class Keys(Record, frozen=True, kw_only=True):
    """The derived keys of one project, 32 bytes each. fingerprint: names the secret without telling it."""

    content: bytes
    subject: bytes
    chain: bytes
    unit: bytes
    person: bytes
    fingerprint: str


def new_secret() -> bytes:
    """32 random bytes from the operating system."""
    return secrets.token_bytes(SECRET_BYTES)


def derive(secret: bytes) -> Keys:
    """The project's keys from its secret."""

    def key(use: str) -> bytes:
        return blake3(secret, derive_key_context=f"comporta 2026-11 {use}").digest()

    return Keys(
        content=key("content"),
        subject=key("subject"),
        chain=key("chain"),
        unit=key("unit"),
        person=key("person"),
        fingerprint=key("fingerprint").hex()[:16],
    )


def digest(key: bytes, data: bytes) -> str:
    """Keyed BLAKE3 of the bytes, 64 hex digits."""
    return blake3(data, key=key).hexdigest()


def keyed_hash(key: bytes, value: str) -> int:
    """A 64-bit unsigned hash of a value under a key: for placement, splits and routes."""
    return int.from_bytes(blake3(value.encode(), key=key).digest(length=8), "big")


@lru_cache(1024)
def salted_hasher(key: bytes, salt: str) -> blake3:
    """A copy of it that is updated with a value's bytes has `keyed_hash` of the salt and the value as its
    first 8 bytes, in half the time."""
    return blake3(salt.encode(), key=key)
