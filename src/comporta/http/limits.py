"""How much a client may send, and how long it may take."""

from __future__ import annotations

import msgspec

from comporta.errors import wording

HEAD_BYTES = 32 * 1024
HEAD_SECONDS = 10.0
LINGER_SECONDS = 10.0
"""How long what a client still sends is read and thrown away, once it was answered and is not listened to."""
THROW_AWAY_SECONDS = 0.01
"""Between two pieces of what is thrown away: about 25 MB a second."""


MOST_CONNECTIONS = 1000


class RequestLimits(msgspec.Struct, frozen=True):
    """body: bytes, unpacked. seconds: for a body to arrive. bodies: bytes of all bodies in memory at once.
    connections: of one process at once; what comes on more gets 503."""

    body: int = 16 * 2**20
    seconds: float = 30.0
    bodies: int = 128 * 2**20
    connections: int = MOST_CONNECTIONS


def late_body(seconds: float) -> str:
    """What is said of a body that did not come in time."""
    return wording(f"the body did not arrive within {seconds:g} seconds.")
