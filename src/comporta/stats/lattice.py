"""The conjunctions of bins in which a loss is highest: an exact search, as SliceLine defines it.

Sagadeeva and Boehm 2021, "SliceLine: Fast, Linear-Algebra-based Slice Finding for ML Model Debugging",
equation 1 for the score and section 3.2 for the bounds. Single bins and pairs are counted outright, by one
histogram for each pair of columns; a triple of columns is counted only where its upper bound lets it in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations, repeat
from typing import TYPE_CHECKING

import numpy as np

from comporta.records import Record

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Codes = NDArray[np.int32]
    Columns = tuple[int, ...]
    Histogram = tuple[Floats, Floats]
    """Rows and loss of each cell, an axis a column."""

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

    def offer(self, cells: Iterator[Cell]) -> None:
        better = [cell for cell in cells if cell.score > self.bar]
        if better:
            self.cells = sorted([*self.cells, *better], key=lambda cell: (-cell.score, cell.where))
            self.cells = self.cells[: self.keep]


class _Search:
    """The rows, and the board on which the cells of some columns are put."""

    def __init__(
        self,
        codes: Codes,
        loss: Floats,
        weight: Floats | None,
        fewest: int,
        alpha: float,
        board: _Board,
    ) -> None:
        self.codes, self.loss, self.fewest, self.alpha, self.board = codes, loss, fewest, alpha, board
        self.weight, self.cost = weight, loss if weight is None else loss * weight
        self.total = float(self.cost.sum())
        self.sizes = [int(column.max()) + 1 for column in codes]

    def visit(self, columns: Columns) -> Histogram:
        """Offers every cell of these columns to the board; rows and loss of each."""
        histogram = self.histogram(columns)
        self.board.offer(self.cells(columns, *histogram))
        return histogram

    def score(self, rows: Floats, sums: Floats) -> Floats:
        rows, n = np.maximum(rows, 1), len(self.loss)
        return np.asarray(
            self.alpha * (n * sums / (rows * self.total) - 1) - (1 - self.alpha) * (n / rows - 1)
        )

    def histogram(self, columns: Columns) -> Histogram:
        code = self.codes[columns[0]]
        for column in columns[1:]:
            code = code * np.int32(self.sizes[column]) + self.codes[column]
        shape = tuple(self.sizes[column] for column in columns)
        cells = int(np.prod(shape))
        rows = np.bincount(code, weights=self.weight, minlength=cells).astype(float).reshape(shape)
        sums = np.bincount(code, weights=self.cost, minlength=cells).astype(float)
        return rows, sums.reshape(shape)

    def cells(self, columns: Columns, rows: Floats, sums: Floats) -> Iterator[Cell]:
        score = self.score(rows, sums)
        for place in zip(*np.nonzero((rows >= self.fewest) & (score > self.board.bar)), strict=True):
            yield Cell(
                where=tuple((column, int(bin)) for column, bin in zip(columns, place, strict=True)),
                score=float(score[place]),
                rows=int(rows[place]),
                loss=float(sums[place]),
            )

    def visit_triples(self, pairs: Mapping[Columns, Histogram]) -> None:
        """Most promising first, so that the bar is high when the many others come."""
        highest = [_highest(*each) for each in zip(self.codes, self.sizes, repeat(self.loss))]
        bounds = [
            (self.bound(triple, pairs, highest), triple) for triple in combinations(range(len(self.codes)), 3)
        ]
        for upper, triple in sorted(bounds, reverse=True):
            if upper <= self.board.bar:
                break
            self.visit(triple)

    def bound(self, triple: Columns, pairs: Mapping[Columns, Histogram], highest: Sequence[Floats]) -> float:
        """No cell of these three columns scores higher: it is at most as large as its smallest pair, with at
        most that pair's loss, and no row in it costs more than the dearest of each bin."""
        a, b, c = triple
        (ab, ac, bc) = pairs[a, b], pairs[a, c], pairs[b, c]
        rows, sums = (
            np.minimum(
                np.minimum(ab[part][:, :, None], ac[part][:, None, :]),
                bc[part][None, :, :],
            )
            for part in (0, 1)
        )
        dear = np.minimum(
            np.minimum(highest[a][:, None, None], highest[b][None, :, None]), highest[c][None, None, :]
        )
        able = rows >= self.fewest
        if not able.any():
            return -np.inf
        most, sums, dear = rows[able], sums[able], np.maximum(dear[able], 1e-300)
        turns = np.clip(sums / dear, self.fewest, most)
        sizes = (most, turns, np.full_like(most, self.fewest))
        return float(max(self.score(at, np.minimum(sums, at * dear)).max() for at in sizes))


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
    board = _Board(keep)
    search = _Search(codes, loss, weight, fewest, alpha, board)
    if not search.total > 0 or not len(codes):
        return []
    for column in range(len(codes)):
        search.visit((column,))
    pairs: dict[Columns, Histogram] = {}
    for pair in combinations(range(len(codes)), 2) if depth > 1 else ():
        histogram = search.visit(pair)
        if depth > 2:
            pairs[pair] = histogram
    if depth > 2:
        search.visit_triples(pairs)
    return board.cells


def _highest(code: NDArray[np.int32], bins: int, loss: Floats) -> Floats:
    """The highest loss of a row in each bin."""
    highest = np.zeros(bins)
    np.maximum.at(highest, code, loss)
    return highest
