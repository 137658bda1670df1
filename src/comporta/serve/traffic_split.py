"""Which share of a release answers whom: a pure function of the unit."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from math import ceil

import msgspec

from comporta.records import Share
from comporta.store import salted_hasher

_LOW, _HIGH = ("canary", "challenger"), ("control", "holdback")
_MOST = 1 - 2**-53
_PLACE = 8  # bytes of a unit's place: over 2^64 it is in [0, 1)


class TrafficSplit(msgspec.Struct, frozen=True):
    """What part of [0, 1) each share has. shares: in their order. edges: where each ends, as the first place
    beyond it. salt: is hashed before a unit."""

    shares: tuple[Share, ...]
    edges: tuple[bytes, ...]
    salt: str

    def index(self, key: bytes, unit: str) -> int:
        """Which of the shares answers this unit."""
        hasher = salted_hasher(key, self.salt).copy()
        hasher.update(unit.encode())
        return bisect_right(self.edges, hasher.digest(_PLACE))


def split_traffic(shares: Sequence[Share], model: str, plan: str = "") -> TrafficSplit:
    """Who answers whom under a plan: canary [0, x), control [1 - x, 1), the champion between them.

    A unit once in an arm stays in it while the arm grows. The plan's id is the salt, so that other units are
    tried first in each plan. Without a plan a unit's place is the same in every release of a model, and the
    newest version has the low end. shares: those of weight 0 have no part.
    """
    taking = [share for share in shares if share.weight > 0]
    if not plan:
        ordered = sorted(taking, key=lambda share: -share.version)
        return _split(ordered, _sums(ordered), f"{model}\0")
    low, high = (
        [share for role in roles for share in taking if share.role == role] for roles in (_LOW, _HIGH)
    )
    middle = [share for share in taking if share.role not in (*_LOW, *_HIGH)]
    ends = _sums([*low, *middle])
    if high:
        # From the high end: a control of weight x begins at 1 - x exactly, whatever the others sum to.
        ends[-1:] = [1.0 - sum(share.weight for share in high[at:]) for at in range(len(high) + 1)]
    return _split([*low, *middle, *high], ends, f"{plan}\0{model}\0")


def choose_share(shares: Sequence[Share], key: bytes, model: str, unit: str, plan: str = "") -> Share:
    """The share that answers this unit."""
    split = split_traffic(shares, model, plan)
    return split.shares[split.index(key, unit)]


def _sums(ordered: Sequence[Share]) -> list[float]:
    """Where each ends that begins where the one before it ends."""
    return [*accumulate(share.weight for share in ordered)]


def _split(shares: Sequence[Share], ends: Sequence[float], salt: str) -> TrafficSplit:
    # Weights may sum to a hair less than 1: the last takes what is left.
    edges = [ceil(min(end, _MOST) * 2**64).to_bytes(_PLACE, "big") for end in ends[:-1]]
    return TrafficSplit(tuple(shares), (*edges, bytes([255] * (_PLACE + 1))), salt)
