"""Where the rows of a key lie, found by the key's digest: the same for one request and for many.

    high, low     both halves of each key's digest, rising
    starts        the n-th key's rows are the slots starts[n] : starts[n + 1]

128 bits of BLAKE2b: that two keys of one table share a digest does not happen, so no key is compared.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from hashlib import blake2b
from struct import unpack
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from comporta.data.features_match import matchable
from comporta.data.features_time import Ints
from comporta.data.features_timeline import Timeline
from comporta.data.online_source import JoinKey, physical
from comporta.data.window_columns import expand_ranges
from comporta.records import Record

Halves = npt.NDArray[np.uint64]
"""[n, 2]: the digests of n keys."""


class KeyIndex(Record, frozen=True, kw_only=True):
    """high, low: [keys]. starts: [keys + 1]. when: [slots], rising within a key: what searches compare."""

    high: Halves
    low: Halves
    starts: Ints
    when: Ints
    views: tuple[memoryview, memoryview, memoryview, memoryview]

    def find(self, key: JoinKey) -> tuple[int, int]:
        """The slots of one key, half-open; (0, 0) where it has none."""
        high, low = unpack("<QQ", blake2b(repr(key).encode(), digest_size=16).digest())
        highs, lows, starts, _ = self.views
        at, end = bisect_left(highs, high), len(highs)
        while at < end and highs[at] == high:
            if lows[at] == low:
                return starts[at], starts[at + 1]
            at += 1
        return 0, 0

    def codes_of(self, digests: Halves) -> Ints:
        """The place of each key, or -1."""
        at = np.searchsorted(self.high, digests[:, 0])
        found = np.full(len(digests), -1, dtype=np.int64)
        left = np.arange(len(digests))
        while len(left):
            left = left[at[left] < len(self.high)]
            left = left[self.high[at[left]] == digests[left, 0]]
            same = self.low[at[left]] == digests[left, 1]
            found[left[same]] = at[left[same]]
            left = left[~same]
            at[left] += 1
        return found

    def codes(self, keys: pl.DataFrame) -> Ints:
        """The same, of keys as `matchable` gives them."""
        return self.codes_of(key_digests(physical(keys).iter_rows()))

    def until(self, codes: Ints, times: Ints) -> Ints:
        """Of each key the first slot later than its time, or the end of its slots; 0 without a key."""
        if not len(self.when):
            return np.zeros(len(codes), dtype=np.int64)
        known = codes >= 0
        low = np.where(known, self.starts[codes], 0)
        high = np.where(known, self.starts[codes + 1], 0)
        while (open := low < high).any():
            middle = np.minimum((low + high) >> 1, len(self.when) - 1)
            later = self.when[middle] > times
            high = np.where(open & later, middle, high)
            low = np.where(open & ~later, middle + 1, low)
        return low


def key_index(high: Halves, low: Halves, starts: Ints, when: Ints) -> KeyIndex:
    """Of these arrays, in memory or mapped."""
    views = tuple(np.asarray(each).data for each in (high, low, starts, when))
    return KeyIndex(high=high, low=low, starts=starts, when=when, views=views)  # type: ignore[arg-type]


def key_digests(keys: Iterable[tuple[Any, ...]]) -> Halves:
    """[keys, 2]: their digests. keys: as requests hold them."""
    made = b"".join(blake2b(repr(key).encode(), digest_size=16).digest() for key in keys)
    return np.frombuffer(made, dtype="<u8").reshape(-1, 2)


def key_slots(line: Timeline, codes: Ints, rows: Ints, when: Ints) -> tuple[KeyIndex, Ints]:
    """The index of a table's keys, and its slots in the order of their digests. codes, rows, when: of each
    slot, those of one key together: which key, which row of the table, what its time is."""
    firsts = np.flatnonzero(np.append(True, codes[1:] != codes[:-1])[: len(codes)])
    ends = np.append(firsts[1:], len(codes))[: len(firsts)]
    keys = physical(matchable(line.frame, list(line.join.on.values()), line.types)[rows[firsts]])
    digests = key_digests(keys.iter_rows())
    order = np.lexsort((digests[:, 1], digests[:, 0]))
    slots, sizes = expand_ranges(firsts[order], ends[order])
    starts = np.concatenate((np.zeros(1, dtype=np.int64), np.cumsum(sizes)))
    high, low = (np.ascontiguousarray(digests[order, half]) for half in (0, 1))
    return key_index(high, low, starts, when[slots]), slots
