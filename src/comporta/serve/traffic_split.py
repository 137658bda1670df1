"""Which version answers whom: a pure function of the unit."""

from __future__ import annotations

from comporta.records import Share
from comporta.store import keyed_hash

_SPAN = 2**64


def choose_version(shares: tuple[Share, ...], key: bytes, model: str, unit: str) -> int:
    """The version that answers this unit.

    The unit's place in [0, 1) never changes. The newest version takes the low end, so that a unit once
    in a canary stays in it while its share grows.
    """
    if len(shares) == 1:
        return shares[0].version
    place = keyed_hash(key, f"{model}\0{unit}") / _SPAN
    ordered = sorted(shares, key=lambda share: -share.version)
    edge = 0.0
    for share in ordered:
        edge += share.weight
        if place < edge:
            return share.version
    # Weights may sum to a hair less than 1.
    return next(share.version for share in reversed(ordered) if share.weight > 0)
