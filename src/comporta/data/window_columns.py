"""A column of a table laid out for windows: its values slot by slot, made one value for each range of slots.

A range's answer is of the values in it alone, taken in their order, so that a request gets bit by bit what a
training row got: both sum by numpy's `reduceat`, whose rounding depends on a segment's length and values.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from comporta.data.features_time import Ints
from comporta.data.history_column import ColumnValues
from comporta.errors import BadProject
from comporta.records import Record
from comporta.records.dataset import Aggregate

CELLS = 2_000_000
"""Values that are looked at one by one at a time, where ranges cannot be asked as they lie."""

_FIRST = np.zeros(1, dtype=np.int64)
_SUMMED = (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32, pl.Boolean)


class WindowColumn(Record, frozen=True, kw_only=True):
    """The values that are not missing, in the order of their slots.

    place: of each slot how many values lie before it, and how many there are; None: every slot has one.
    numbers: what is summed, where sums are asked for. codes: of each value its place in `words`, which rise.
    earlier: of each value the place of the one before it that is equal, or -1. rows: the column as it stands,
    where its last is asked for; then rows_of_slots is the row of each slot, None: its place.
    """

    place: Ints | None
    rows_of_slots: Ints | None
    numbers: npt.NDArray[Any] | None = None
    codes: Ints | None = None
    words: ColumnValues | None = None
    earlier: Ints | None = None
    rows: ColumnValues | None = None

    def places_of(self, slots: Ints) -> Ints:
        """Slots as places of values: how many values lie before each."""
        return slots if self.place is None else self.place[slots]

    def rows_at(self, slots: Ints) -> Ints:
        """The rows of these slots."""
        return slots if self.rows_of_slots is None else self.rows_of_slots[slots]

    def take(self, slots: Ints) -> WindowColumn:
        """The same of these slots alone, in this order."""
        if self.place is None:
            at, place = slots, None
        else:
            starts, ends = self.place[slots], self.place[slots + 1]
            at, place = starts[ends > starts], np.concatenate((_FIRST, np.cumsum(ends - starts)))
        codes = None if self.codes is None else self.codes[at]
        return WindowColumn(
            place=place,
            rows_of_slots=slots if self.rows is None else self.rows_at(slots),
            numbers=None if self.numbers is None else self.numbers[at],
            codes=codes,
            words=self.words,
            earlier=None if self.earlier is None or codes is None else _earlier(codes),
            rows=self.rows,
        )

    def one(self, what: Aggregate, start: int, end: int) -> float | None:
        """What `what` makes of the slots from `start` to before `end`; of `min`, `max` and `last` the place
        that `values_at` looks up."""
        if what == "last":
            if end == start:
                return None
            return end - 1 if self.rows_of_slots is None else int(self.rows_of_slots[end - 1])
        if self.place is not None:
            start, end = int(self.place[start]), int(self.place[end])
        if what == "count":
            return end - start
        if what == "distinct":
            assert self.earlier is not None
            return int(np.count_nonzero(self.earlier[start:end] < start))
        if what in ("sum", "mean"):
            assert self.numbers is not None
            if end == start:
                return 0 if what == "sum" else None
            total = np.add.reduceat(self.numbers[start:end], _FIRST)[0]
            return total.item() if what == "sum" else float(np.float64(total) / (end - start))
        assert self.codes is not None
        if end == start:
            return None
        codes = self.codes[start:end]
        return int(np.minimum.reduce(codes) if what == "min" else np.maximum.reduce(codes))

    def many(self, what: Aggregate, starts: Ints, ends: Ints) -> pl.Series:
        """The values of each range, in their order."""
        if what == "last":
            some = ends > starts
            rows = np.zeros(len(ends), dtype=np.int64)
            rows[some] = self.rows_at(ends[some] - 1)
            return self.values_at(what, pl.Series(rows).set(pl.Series(~some), None))
        starts, ends = self.places_of(starts), self.places_of(ends)
        if what == "count":
            return pl.Series(ends - starts)
        if what == "distinct":
            return pl.Series(self._distinct(starts, ends))
        none = pl.Series(ends == starts)
        if what in ("sum", "mean"):
            assert self.numbers is not None
            total = reduce_ranges(np.add, self.numbers, starts, ends)
            if what == "sum":
                return pl.Series(total)
            return pl.Series(total.astype(np.float64) / np.maximum(ends - starts, 1)).set(none, None)
        assert self.codes is not None
        extreme = reduce_ranges(np.minimum if what == "min" else np.maximum, self.codes, starts, ends)
        return self.values_at(what, pl.Series(extreme).set(none, None))

    def value_at(self, what: Aggregate, place: float | None) -> Any:
        """The one value at a place, as a Python value."""
        values = self.rows if what == "last" else self.words
        assert values is not None
        return None if place is None else values[int(place)]

    def values_at(self, what: Aggregate, places: pl.Series) -> pl.Series:
        """The values at these places of `words`, or of the rows: what `min`, `max` or `last` found."""
        values = self.rows if what == "last" else self.words
        assert values is not None
        return values.gather(places)

    def _distinct(self, starts: Ints, ends: Ints) -> Ints:
        """How many values of each range have no equal one before them in it."""
        assert self.earlier is not None
        found = np.zeros(len(starts), dtype=np.int64)
        for part in range_chunks(starts, ends):
            places, sizes = expand_ranges(starts[part], ends[part])
            new = self.earlier[places] < np.repeat(starts[part], sizes)
            offsets = np.cumsum(sizes) - sizes
            found[part] = reduce_ranges(np.add, new.astype(np.int64), offsets, offsets + sizes)
        return found


def window_column(column: pl.Series, row_of: Ints | None, wanted: set[Aggregate], what: str) -> WindowColumn:
    """A column of the table made ready. row_of: the row of each slot; None: its place. wanted: what is asked.

    what: the column's name in an error. A value that is not a number (NaN) is missing. Raises BadProject when
    its type has no such aggregate.
    """
    require_aggregates(column.dtype, wanted, what)
    dtype = _compared_type(column.dtype)
    ordered = column if row_of is None else column.gather(pl.Series(row_of))
    if dtype.is_float():
        ordered = ordered.fill_nan(None) + 0.0  # -0.0 and 0.0 are one value
    present = ordered.is_not_null()
    place = None if present.all() else np.concatenate((_FIRST, np.cumsum(present.to_numpy(), dtype=np.int64)))
    codes = words = numbers = None
    if wanted & {"min", "max", "distinct"}:
        compared = ordered.drop_nulls().cast(dtype)
        words = compared.unique().sort()
        found = compared.to_frame("value").join(
            words.to_frame("value").with_row_index("code"), on="value", how="left", maintain_order="left"
        )
        codes = found["code"].cast(pl.Int64).to_numpy()
    if wanted & {"sum", "mean"}:
        kind = pl.Int64() if column.dtype in _SUMMED else pl.Float64()
        numbers = ordered.drop_nulls().cast(kind).to_numpy()
    return WindowColumn(
        place=place,
        rows_of_slots=row_of,
        numbers=numbers,
        codes=codes,
        words=words,
        earlier=_earlier(codes) if codes is not None and "distinct" in wanted else None,
        rows=column if "last" in wanted else None,
    )


def aggregate_type(dtype: pl.DataType, what: Aggregate) -> pl.DataType:
    """The type of what an aggregate makes of values of this type."""
    if what in ("count", "distinct"):
        return pl.Int64()
    if what == "sum":
        return pl.Int64() if dtype in _SUMMED else pl.Float64()
    if what == "mean":
        return pl.Float64()
    return dtype if what == "last" else _compared_type(dtype)


def require_aggregates(dtype: pl.DataType, wanted: set[Aggregate], what: str) -> None:
    """Raises BadProject when values of this type cannot be summed, or put in order."""
    number = dtype.is_numeric() or dtype == pl.Boolean
    if (asked := sorted(wanted & {"sum", "mean"})) and not number:
        raise BadProject(
            f"{what}: found {dtype}, expected numbers for its {asked[0]}. Cast it in its source."
        )
    ordered = number or dtype.is_temporal() or isinstance(dtype, pl.String | pl.Categorical | pl.Enum)
    if (asked := sorted(wanted & {"min", "max", "distinct"})) and not ordered:
        raise BadProject(
            f"{what}: found {dtype}, expected numbers, text, truth values or times for its {asked[0]}. "
            "Cast it in its source."
        )


def reduce_ranges(ufunc: np.ufunc, values: npt.NDArray[Any], starts: Ints, ends: Ints) -> npt.NDArray[Any]:
    """`ufunc` over `values[start:end]` of each range; 0 where that holds nothing."""
    found = np.zeros(len(starts), dtype=values.dtype)
    some = np.flatnonzero(ends > starts)
    if not len(some):
        return found
    # By their starts: what lies between two ranges is reduced too, and thrown away.
    some = some[np.argsort(starts[some], kind="stable")]
    pairs = np.empty(2 * len(some), dtype=np.int64)
    pairs[::2], pairs[1::2] = starts[some], ends[some]
    found[some] = ufunc.reduceat(np.append(values, values[:1]), pairs)[::2]
    return found


def expand_ranges(starts: Ints, ends: Ints) -> tuple[Ints, Ints]:
    """Every place of every range, one range after another, and how many each has."""
    sizes = np.maximum(ends - starts, 0)
    before = np.cumsum(sizes) - sizes
    return np.arange(int(sizes.sum()), dtype=np.int64) + np.repeat(starts - before, sizes), sizes


def range_chunks(starts: Ints, ends: Ints) -> list[slice]:
    """Ranges in pieces of about `CELLS` places."""
    total = np.cumsum(np.maximum(ends - starts, 0))
    pieces = np.searchsorted(total, np.arange(CELLS, int(total[-1]) if len(total) else 0, CELLS))
    edges = np.unique(np.concatenate(([0], pieces + 1, [len(starts)])))
    return [slice(low, high) for low, high in pairwise(edges.tolist())]


def _earlier(codes: Ints) -> Ints:
    order = np.argsort(codes, kind="stable")
    found = np.full(len(codes), -1, dtype=np.int64)
    same = codes[order[1:]] == codes[order[:-1]]
    found[order[1:]] = np.where(same, order[:-1], -1)
    return found


def _compared_type(dtype: pl.DataType) -> pl.DataType:
    return pl.String() if isinstance(dtype, pl.Categorical | pl.Enum) else dtype
