"""Few of many settings that still have every two values side by side: a covering design of strength two.

A full cross of four axes asks most pairs many times over. Faults of software are nearly always of one value
or of two together (Kuhn, Wallace and Gallo 2004, "Software fault interactions and implications for software
testing"), so that is what a judgement that takes long is asked in.
"""

from __future__ import annotations

from binascii import crc32
from collections.abc import Callable, Hashable, Sequence
from itertools import combinations
from typing import TypeVar

Candidate = TypeVar("Candidate")
Pair = tuple[tuple[int, Hashable], tuple[int, Hashable]]


def covering(
    candidates: Sequence[Candidate], values: Callable[[Candidate], tuple[Hashable, ...]]
) -> list[Candidate]:
    """As few candidates as taking the best one each time finds, in their own order: two values that meet in
    any of them meet in one that is taken. values: of a candidate, one for each axis."""
    pairs = {place: _pairs(values(each)) for place, each in enumerate(candidates)}
    # By lot among equals, and the same each time.
    lot = [crc32(repr(values(each)).encode()) for each in candidates]
    left, taken = set().union(*pairs.values()), []
    while left:
        best = max(pairs, key=lambda place: (len(pairs[place] & left), lot[place]))
        left -= pairs.pop(best)
        taken.append(best)
    return [candidates[place] for place in sorted(taken)]


def _pairs(values: tuple[Hashable, ...]) -> frozenset[Pair]:
    return frozenset(combinations(enumerate(values), 2))
