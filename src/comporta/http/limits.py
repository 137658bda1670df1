"""How much a client may send, and how long it may take."""

from __future__ import annotations

import msgspec

HEAD_BYTES = 32 * 1024
HEAD_SECONDS = 10.0


class RequestLimits(msgspec.Struct, frozen=True):
    """body: bytes. seconds: for a body to arrive."""

    body: int = 16 * 2**20
    seconds: float = 30.0
