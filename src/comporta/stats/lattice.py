"""The conjunctions of bins in which a loss is highest: an exact search, as SliceLine defines it.

Sagadeeva and Boehm 2021, "SliceLine: Fast, Linear-Algebra-based Slice Finding for ML Model Debugging",
equation 1 for the score and section 3.2 for the bounds. Single bins and pairs are counted outright, by one
histogram for each pair of columns; a triple of columns is counted only where its upper bound lets it in.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from comporta.records import Record

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Codes = NDArray[np.int32]

Where = tuple[tuple[int, int], ...]
ALPHA = 0.95


class Cell(Record, frozen=True, kw_only=True):
    """A conjunction: column → bin, rising by column. loss: the sum of its rows'."""

    where: Where
    score: float
    rows: int
    loss: float


def within(where: Where, codes: Codes) -> NDArray[np.bool_]:
    """Which rows (n,) are in it. codes: (columns, n)."""
    inside = np.ones(codes.shape[1], dtype=bool)
    for column, bin in where:
        inside &= codes[column] == bin
    return inside


class _Board:
    """The best so far, and what one must beat to come among them."""

    def __init__(self, keep: int) -> None:
        self.keep = keep
        self.cells: list[Cell] = []

    @property
    def bar(self) -> float:
        return self.cells[-1].score if len(self.cells) >= self.keep else 0.0

    def offer(self, found: Iterator[Cell]) -> None:
        better = [cell for cell in found if cell.score > self.bar]
        if better:
            self.cells = sorted([*self.cells, *better], key=lambda cell: (-cell.score, cell.where))
            self.cells = self.cells[: self.keep]


def worst_cells(
    codes: Codes,
    loss: Floats,
    *,
    fewest: int,
    keep: int = 10,
    depth: int = 2,
    alpha: float = ALPHA,
    weight: Floats | None = None,
) -> list[Cell]:
    """The `keep` cells with the highest scores above 0, best first, of at least `fewest` rows and at most
    `depth` (1 to 3) conditions. codes: (columns, n), bins from 0. loss: (n,), none negative. weight: (n,) of
    mean 1, as how many rows each counts.

    score: alpha (mean loss inside / mean loss - 1) - (1 - alpha) (n / rows inside - 1).
    """
    cost = loss if weight is None else loss * weight
    rows, total = len(loss), float(cost.sum())
    board = _Board(keep)
    if not total > 0 or not len(codes):
        return []
    sizes = [int(column.max()) + 1 for column in codes]

    def score(count: Floats, sum_: Floats) -> Floats:
        count = np.maximum(count, 1)
        return np.asarray(alpha * (rows * sum_ / (count * total) - 1) - (1 - alpha) * (rows / count - 1))

    def count(columns: tuple[int, ...]) -> tuple[Floats, Floats]:
        code = codes[columns[0]]
        for column in columns[1:]:
            code = code * np.int32(sizes[column]) + codes[column]
        shape = tuple(sizes[column] for column in columns)
        cells = int(np.prod(shape))
        held = np.bincount(code, weights=weight, minlength=cells).astype(float).reshape(shape)
        sums = np.bincount(code, weights=cost, minlength=cells).astype(float)
        return held, sums.reshape(shape)

    def told(columns: tuple[int, ...], held: Floats, sum_: Floats) -> Iterator[Cell]:
        points = score(held, sum_)
        for place in zip(*np.nonzero((held >= fewest) & (points > board.bar)), strict=True):
            yield Cell(
                where=tuple((column, int(bin)) for column, bin in zip(columns, place, strict=True)),
                score=float(points[place]),
                rows=int(held[place]),
                loss=float(sum_[place]),
            )

    singles: dict[tuple[int, ...], tuple[Floats, Floats]] = {}
    for column in range(len(codes)):
        singles[column,] = count((column,))
        board.offer(told((column,), *singles[column,]))
    pairs: dict[tuple[int, ...], tuple[Floats, Floats]] = {}
    for pair in combinations(range(len(codes)), 2) if depth > 1 else ():
        found = count(pair)
        board.offer(told(pair, *found))
        if depth > 2:
            pairs[pair] = found
    highest = [_highest(codes[column], loss, sizes[column]) for column in range(len(codes))]

    def bound(a: int, b: int, c: int) -> float:
        """No cell of these three columns scores higher: it is at most as large as its smallest pair, with at
        most that pair's loss, and no row in it costs more than the dearest of each bin."""
        (ab, ac, bc) = pairs[a, b], pairs[a, c], pairs[b, c]
        sizes_, sums = (
            np.minimum(
                np.minimum(ab[part][:, :, None], ac[part][:, None, :]),
                bc[part][None, :, :],
            )
            for part in (0, 1)
        )
        dear = np.minimum(
            np.minimum(highest[a][:, None, None], highest[b][None, :, None]), highest[c][None, None, :]
        )
        able = sizes_ >= fewest
        if not able.any():
            return -np.inf
        most, sum_, dear = sizes_[able], sums[able], np.maximum(dear[able], 1e-300)
        turns = np.clip(sum_ / dear, fewest, most)
        return float(
            max(
                score(at, np.minimum(sum_, at * dear)).max()
                for at in (most, turns, np.full_like(most, fewest))
            )
        )

    if depth > 2:
        # Most promising first, so that the bar is high when the many others come.
        order = sorted(((bound(*each), each) for each in combinations(range(len(codes)), 3)), reverse=True)
        for upper, triple in order:
            if upper <= board.bar:
                break
            board.offer(told(triple, *count(triple)))
    return board.cells


def _highest(code: NDArray[np.int32], loss: Floats, bins: int) -> Floats:
    found = np.zeros(bins)
    np.maximum.at(found, code, loss)
    return found
