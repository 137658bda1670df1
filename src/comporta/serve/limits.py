"""What a client of a server may send: apart from requests, so that what starts servers loads no frames."""

from __future__ import annotations

from math import inf

from comporta.http.limits import RequestLimits


class ServeLimits(RequestLimits, frozen=True):
    """What a client may send. rows: in one request. queue: long calls that may wait; further ones get 503.
    partition: seconds that a server goes on while releases cannot be read."""

    rows: int = 10_000
    queue: int = 64
    partition: float = inf
