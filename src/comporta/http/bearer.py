"""The text of a token: `cmp_`, its id, its secret and a checksum, so that a mistyped one is told from a false
one and a scanner of secrets finds it.

A secret has 256 random bits, so that a plain SHA-256 of it can be kept: there is nothing to guess.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Callable
from typing import NamedTuple

_TEXT = re.compile(r"cmp_([0-9a-f]{12})_([0-9a-f]{64})([0-9a-f]{8})")


class NewToken(NamedTuple):
    """text: to be shown once. id, digest: to be kept."""

    text: str
    id: str
    digest: str


class ShownToken(NamedTuple):
    """What a token's text holds. digest: SHA-256 of its secret, hex."""

    id: str
    digest: str


def new_token(random: Callable[[int], bytes]) -> NewToken:
    """A token that nobody has. random: so many random bytes, such as `secrets.token_bytes`."""
    id, secret = random(6).hex(), random(32).hex()
    return NewToken(f"cmp_{id}_{secret}{_checksum(id, secret)}", id, _digest(secret))


def read_token(text: str) -> ShownToken | None:
    """The id and the digest in a token's text; None where it is none, or mistyped."""
    match = _TEXT.fullmatch(text)
    if match is None:
        return None
    id, secret, checksum = match.groups()
    return ShownToken(id, _digest(secret)) if checksum == _checksum(id, secret) else None


def _digest(secret: str) -> str:
    return hashlib.sha256(bytes.fromhex(secret)).hexdigest()


def _checksum(id: str, secret: str) -> str:
    return f"{zlib.crc32(f'{id}{secret}'.encode()):08x}"
