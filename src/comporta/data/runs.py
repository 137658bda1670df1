"""New rows on their way into a dataset: gathered, placed by hash, and cut into ranges of a fragment's size.

What fits is kept in memory; what does not is sorted in runs and spilled to scratch, so that memory is bounded
by a run, whatever the length of the source.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from comporta.data.encode import raising_storage_full, spill_frame
from comporta.data.fragment_order import by_place
from comporta.data.fragments import BINS
from comporta.data.keys import PLACE, key_hashes, require_key, with_placement
from comporta.data.missing import present
from comporta.errors import BadData, ExpectationBroken
from comporta.records import DatasetSchema
from comporta.records.named_column import by_names, exact_column
from comporta.store import Keys

# Bytes in memory. A fragment comes to between half of this and all of it, less when written.
FRAGMENT = 128 << 20
RUN = 256 << 20

_AT = "__i"

RangeCounts = NDArray[np.float64]


class SortedRuns:
    """Placed rows. counts: rows in each of 65,536 equal ranges of the hash. width: bytes a row in memory."""

    def __init__(self, shape: DatasetSchema, keys: Keys, scratch: Path, fragment: int = FRAGMENT) -> None:
        self.shape, self.keys, self.scratch, self.fragment = shape, keys, scratch, fragment
        self.counts: RangeCounts = np.zeros(BINS, dtype=np.float64)
        self.rows = 0
        self.bytes = 0
        self.schema: dict[str, pl.DataType] = {}
        self._kept: pl.DataFrame | None = None
        self._files: list[Path] = []

    def take(self, frame: pl.DataFrame, *, spill: bool) -> None:
        """One run. spill: to scratch, sorted; else it stays in memory and is the only one."""
        require_key(frame, self.shape)
        frame = with_placement(frame, self.shape, self.keys)
        bins = (frame[PLACE].to_numpy() >> np.uint64(48)).astype(np.int64)
        self.counts += np.bincount(bins, minlength=BINS)
        self.rows += len(frame)
        self.bytes += int(frame.estimated_size())
        self.schema = {name: dtype for name, dtype in frame.schema.items() if name != PLACE}
        if not spill:
            self._kept = frame
            return
        path = self.scratch / f"run-{len(self._files):06d}.parquet"
        spill_frame(frame.sort(PLACE), path)
        self._files.append(path)
        if self.shape.subject is None:
            return  # placed by key: `part` meets equal keys, and nobody asks for their hashes
        with raising_storage_full(path):
            hashes = np.sort(key_hashes(frame, self.shape, self.keys))
            path.with_suffix(".keys").write_bytes(hashes.astype("<u8").tobytes())

    @property
    def width(self) -> float:
        return self.bytes / self.rows if self.rows else 0.0

    def cuts(self, others: RangeCounts | None = None) -> Iterator[tuple[int, int]]:
        """Half-open ranges of bins, in order, of at most a fragment each: halved until they fit.

        others: rows that must be held beside these, by bin. One bin is never cut: a subject stays whole.
        """
        totals = np.concatenate([[0], np.cumsum(self.counts if others is None else self.counts + others)])
        most = max(1.0, self.fragment / (self.width or 1.0))

        def halve(low: int, high: int) -> Iterator[tuple[int, int]]:
            if totals[high] - totals[low] <= most or high - low == 1:
                yield low, high
                return
            middle = (low + high) // 2
            yield from halve(low, middle)
            yield from halve(middle, high)

        yield from halve(0, BINS)

    def part(self, low: int, high: int) -> pl.DataFrame:
        """The rows in a range of bins, sorted by hash and then by key. Raises BadData on a key met twice."""
        key = list(self.shape.key)
        inside = pl.lit(True) if (low, high) == (0, BINS) else in_range(low, high)
        if self._kept is not None:
            frame = self._kept
            # The order is found on few columns, so that the others are copied once.
            order = frame.select(PLACE, *by_names(key)).with_row_index(_AT).filter(inside)
        else:
            parts = [pl.scan_parquet(path, glob=False).filter(inside) for path in self._files]
            frame = pl.concat(parts, how="vertical_relaxed").collect(engine="streaming")
            order = frame.select(PLACE, *by_names(key)).with_row_index(_AT)
        order = order.sort(PLACE) if self.shape.subject is None else by_place(order, key)
        frame = frame[order[_AT]]
        if order.select(
            pl.all_horizontal(*(exact_column(name) == exact_column(name).shift() for name in key)).any()
        ).item():
            self._refuse_twice(frame, pl.struct(by_names(key)).is_duplicated())
        return frame

    def require_unique(self) -> None:
        """Raises BadData when a key names two rows that are placed apart."""
        if self.shape.subject is None:
            return  # placed by key: `part` meets both
        if self._kept is not None:
            one = len(self.shape.key) == 1
            hashes = (
                self._kept[self.shape.key[0]]
                if one
                else pl.Series(key_hashes(self._kept, self.shape, self.keys))
            )
            if hashes.n_unique() < len(hashes):
                self._refuse_twice(self._kept, pl.struct(by_names(self.shape.key)).is_duplicated())
            return
        files = [path.with_suffix(".keys") for path in self._files]
        for low, high in _ranges(max(1, 8 * self.rows // self.fragment)):
            parts = [_hashes_between(path, low, high) for path in files]
            found = np.concatenate(parts)
            values, times = np.unique(found, return_counts=True)
            if len(values) < len(found):
                self._refuse_hashes(set(values[times > 1].tolist()))

    def require_unique_column(self, column: str) -> None:
        """Raises ExpectationBroken when a column declared unique has a value twice."""
        frames = [self._kept] if self._kept is not None else None
        values = pl.concat(
            [frame.lazy().select(exact_column(column)) for frame in frames]
            if frames is not None
            else [pl.scan_parquet(path, glob=False).select(exact_column(column)) for path in self._files],
            how="vertical_relaxed",
        )
        # A group is a value and a count: what must be held is the column, not the dataset.
        twice = (
            values.select(present(column, self.schema[column]).alias("value"))
            .drop_nulls()
            .group_by("value")
            .len()
            .filter(pl.col("len") > 1)
            .head(5)
            .collect(engine="streaming")
        )
        if twice.is_empty():
            return
        place = f"{self.shape.name}.{column}"
        error = ExpectationBroken(
            f"{place}: found values more than once, expected each once. Fix the source or widen the "
            f"declaration; no version was made. The first of them:\n{twice.rename({'value': column})}"
        )
        error.reason = f"{place}: values more than once, expected each once"
        raise error

    def _refuse_hashes(self, twice: set[int]) -> None:
        found = []
        for path in self._files:
            frame = pl.read_parquet(path)
            hashes = pl.Series(key_hashes(frame, self.shape, self.keys))
            found.append(frame.filter(hashes.is_in(list(twice))))
        self._refuse_twice(
            pl.concat(found, how="vertical_relaxed"), pl.struct(by_names(self.shape.key)).is_duplicated()
        )

    def _refuse_twice(self, frame: pl.DataFrame, twice: pl.Expr) -> None:
        found = frame.filter(twice)
        if found.is_empty():
            return
        key = ", ".join(self.shape.key)
        rows = frame.join(found.head(3), on=by_names(self.shape.key), how="semi").drop(PLACE).head(6)
        error = BadData(
            f"{self.shape.name}: found {len(found)} rows whose key ({key}) another row has, expected each "
            f"key once. Fix the source, or name more columns in the key. The first of them:\n{rows}"
        )
        error.reason = f"{self.shape.name}: {len(found)} rows whose key ({key}) another row has"
        raise error


def in_range(low: int, high: int) -> pl.Expr:
    """Whether a row's hash lies in a half-open range of bins."""
    first = pl.lit(low << 48, dtype=pl.UInt64)
    last = pl.lit((high << 48) - 1, dtype=pl.UInt64)
    return (pl.col(PLACE) >= first) & (pl.col(PLACE) <= last)


def gather(
    frames: pl.LazyFrame | pl.DataFrame | Iterable[pl.DataFrame],
    runs: SortedRuns,
    see: Callable[[pl.DataFrame], pl.DataFrame],
    run: int = RUN,
) -> SortedRuns:
    """All rows, placed. see: looks at each batch, and gives it back with its columns in order."""
    if isinstance(frames, pl.DataFrame):
        runs.take(see(frames), spill=False)
        return runs
    if isinstance(frames, pl.LazyFrame):
        frames = _batches(frames)
    held: list[pl.DataFrame] = []
    size = 0
    spilled = False
    empty: pl.DataFrame | None = None
    for batch in frames:
        seen = see(batch)
        empty = seen.clear()
        held.append(seen)
        size += int(seen.estimated_size())
        if size >= run:
            runs.take(_join(held), spill=True)
            held, size, spilled = [], 0, True
    if held or not spilled:
        rest = _join(held) if held else empty
        if rest is None:
            raise BadData(
                f"{runs.shape.name}: the source returned no frame, expected at least one, with columns. "
                "Return an empty frame with columns where there are no rows."
            )
        runs.take(rest, spill=spilled)
    return runs


def _join(batches: list[pl.DataFrame]) -> pl.DataFrame:
    # Relaxed: a column without a value in the first batches gets its type from a later one.
    return pl.concat(batches, how="vertical_relaxed", rechunk=True)


def _batches(frame: pl.LazyFrame) -> Iterator[pl.DataFrame]:
    schema = frame.collect_schema()
    any_ = False
    for batch in frame.collect_batches(chunk_size=131_072, maintain_order=True, engine="streaming"):
        any_ = True
        yield batch
    if not any_:
        yield pl.DataFrame(schema=schema)


def _ranges(count: int) -> Iterator[tuple[int, int]]:
    """`count` equal half-open ranges of 64-bit hashes."""
    bounds = [at * 2**64 // count for at in range(count + 1)]
    return pairwise(bounds)


def _hashes_between(path: Path, low: int, high: int) -> NDArray[np.uint64]:
    """The sorted hashes in [low, high) from a file of them: found by bisection, read without a mapping."""
    rows = path.stat().st_size // 8
    with path.open("rb") as file:

        def first(bound: int) -> int:
            left, right = 0, rows
            while left < right:
                middle = (left + right) // 2
                file.seek(8 * middle)
                if int.from_bytes(file.read(8), "little") < bound:
                    left = middle + 1
                else:
                    right = middle
            return left

        start, stop = first(low), first(high)
        return np.fromfile(path, dtype="<u8", offset=8 * start, count=stop - start)
