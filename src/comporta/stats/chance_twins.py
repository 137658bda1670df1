"""How many rows have a twin among others by chance: each by how common its halves are.

A row whose one half `a` of `n` others share, and whose other half `b` of them, is expected to have `a b / n`
twins if its halves know nothing of each other. What they do know is learned from the training rows among
themselves: of those with about as many expected twins, the share that have one. So a test row of common words
is held against training rows of common words, however many more of them there are in the test.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from comporta.stats.twins import among, codes, counts, halves, has_twin, rare

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]
    Codes = NDArray[np.uint64]
    Floats = NDArray[np.float64]


class Twins(NamedTuple):
    """share: of the test rows, with a twin in training, and expected to have one by chance. error: the
    standard error of their difference."""

    share: float
    expected: float
    error: float


def twins_among(tables: Sequence[pl.DataFrame], learned: int, *, is_copy: bool = False) -> Twins:
    """Of the rows beyond the first `learned`, which are alike to one of these in one of the tables.

    is_copy: whether rows were made from one another: then training rows that are rare in both halves and have
    a twin tell nothing of chance.
    """
    rows = tables[0].height - learned
    seen, own = np.zeros(rows, dtype=bool), np.zeros(learned, dtype=bool)
    for table in tables:
        every = codes(table)
        seen |= among(every[learned:], every[:learned])
        own |= has_twin(every[:learned])
    if not seen.any():
        return Twins(0.0, 0.0, 0.0)
    expected, beside, seldom = np.zeros(rows), np.zeros(learned), np.ones(rows, dtype=bool)
    for first, second in filter(None, map(halves, tables)):
        expected = np.maximum(expected, _like(first, learned) * _like(second, learned) / learned)
        others = (counts(first[:learned]) - 1) * (counts(second[:learned]) - 1) / max(1, learned - 1)
        beside = np.maximum(beside, others)
        seldom &= rare(first, second)[learned:]
    chance, error = _chance_of_twin(expected, beside, own, learned)
    if is_copy:
        chance = np.where(seldom, -np.expm1(-expected), chance)
    share = float(seen.mean())
    # Twins come in pairs at least: each row of them tells half as much.
    return Twins(share, float(chance.mean()), math.sqrt(2 * (share * (1 - share) / rows + error**2)))


def _like(of: Codes, learned: int) -> NDArray[np.int64]:
    """How many of the first `learned` rows each of the others is like."""
    kinds, times = np.unique(of[:learned], return_counts=True)
    place = np.minimum(np.searchsorted(kinds, of[learned:]), len(kinds) - 1)
    return np.where(kinds[place] == of[learned:], times[place], 0)


def _chance_of_twin(expected: Floats, beside: Floats, own: Bools, learned: int) -> tuple[Floats, float]:
    """How likely each test row has a twin, by the training rows with about as many expected; and the standard
    error of the mean of it. One row of the independent halves stands beside those there are."""
    last = int(2 * math.log2(1 + learned * max(float(expected.max()), float(beside.max(initial=0.0)))))
    bins = [
        np.asarray(2 * np.log2(1 + learned * each), dtype=np.int64).clip(0, last)
        for each in (expected, beside)
    ]
    rows = np.bincount(bins[1], minlength=last + 1)
    hits = np.bincount(bins[1], own, minlength=last + 1)
    free = -np.expm1(-expected)
    chance = (hits[bins[0]] + free) / (rows[bins[0]] + 1)
    tested = np.bincount(bins[0], minlength=last + 1) / len(expected)
    rate = np.bincount(bins[0], chance, minlength=last + 1) / np.maximum(tested * len(expected), 1)
    spread = np.maximum(rate * (1 - rate), 0.0) / (rows + 1)
    return chance, math.sqrt(float(tested**2 @ spread))
