"""Signed heads: Ed25519 (RFC 8032) over a project's last link, so that strangers know whose chain it is.

The private key is derived from the chain's key, so from the project's secret: there is no second file to keep
or to lose. The public half is published: in the chain's beginning, and in `comporta.pub` beside the project.
"""

from __future__ import annotations

import base64
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from blake3 import blake3

from comporta.errors import BadProject
from comporta.ledger.chain import parts
from comporta.records.event import Head

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PUBLISHED = "comporta.pub"
"""The public key beside the project's file, for git: what strangers verify the chain with."""

# RFC 8410: what stands before the 32 bytes of an Ed25519 public key in its PEM file.
_DER = bytes.fromhex("302a300506032b6570032100")
_BEGIN, _END = "-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----"


class Signer:
    """Signs the heads of one project. Loaded on first use: who only reads needs none."""

    def __init__(self, key: bytes) -> None:
        self._seed = blake3(key, derive_key_context="comporta 2026-11 sign").digest()

    @cached_property
    def _private(self) -> Ed25519PrivateKey:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return Ed25519PrivateKey.from_private_bytes(self._seed)

    @cached_property
    def public(self) -> str:
        """The public key, 64 hex digits."""
        return self._private.public_key().public_bytes_raw().hex()

    def sign(self, project: str, head: Head) -> bytes:
        """The signature of a head, 64 bytes."""
        return self._private.sign(signed_bytes(project, head))


def public_key(key: bytes) -> str:
    """The public half of what signs under this chain key, 64 hex digits."""
    return Signer(key).public


def signed_bytes(project: str, head: Head) -> bytes:
    """What a head's signature covers."""
    return parts(b"comporta head 2", project.encode(), b"%d" % head.seq, head.hash.encode())


def is_signed(public: str, signature: bytes, project: str, head: Head) -> bool:
    """Whether the signature of this head was made with the private half of `public`."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
        key.verify(signature, signed_bytes(project, head))
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def pem(public: str) -> str:
    """The public key as a PEM file holds it."""
    return f"{_BEGIN}\n{base64.b64encode(_DER + bytes.fromhex(public)).decode()}\n{_END}\n"


def published_key(root: Path) -> str:
    """The public key beside the project's file, 64 hex digits, or empty. Raises BadProject."""
    file = root / PUBLISHED
    try:
        return parse_public(file.read_text(encoding="utf-8", errors="replace"), PUBLISHED)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise BadProject(
            f"{file} cannot be read ({error.strerror}). Write it anew: comporta audit key > {PUBLISHED}"
        ) from error


def parse_public(text: str, where: str) -> str:
    """64 hex digits from a PEM file's text or from the digits themselves. Raises BadProject."""
    lines = [line.strip() for line in text.strip().splitlines()]
    try:
        if len(lines) >= 3 and (lines[0], lines[-1]) == (_BEGIN, _END):
            data = base64.b64decode("".join(lines[1:-1]), validate=True)
            found = data[len(_DER) :] if data.startswith(_DER) else b""
        else:
            found = bytes.fromhex(text.strip())
    except ValueError:
        found = b""
    if len(found) != 32:
        raise BadProject(
            f"{where}: found no Ed25519 public key, expected a PEM file or 64 hex digits, as "
            "`comporta audit key` prints them."
        )
    return found.hex()
