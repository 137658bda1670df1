"""Rows in the order in which they can be answers: sorted integers `code << bits | place`.

place is a row's rank by time, so that one sort of plain integers orders by key and time at once.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from comporta.data.features_time import Ints
from comporta.records import Record

Bools = npt.NDArray[np.bool_]


class TimeOrder(Record, frozen=True, kw_only=True):
    """slots: ascending. when: each row's time, ascending. rows: the row at each slot; None: at its place."""

    bits: int
    slots: Ints
    when: Ints
    rows: Ints | None

    def row(self, slot: Ints) -> Ints:
        """The rows at these slots."""
        return self.slots[slot] & ((1 << self.bits) - 1) if self.rows is None else self.rows[slot]


def order_by_event(
    codes: Ints, when: Ints, bits: int, frame: pl.DataFrame, then: list[Ints], key: list[str]
) -> TimeOrder:
    """Rows by (code, when); equal ones by `then`, by row key, and last by their values, so that the order
    in which a table is stored never shows. codes: taken over and changed."""
    by_time: Ints | None = None
    rising = bool(np.all(when[1:] > when[:-1]))
    if not rising and not bool(np.all(when[1:] >= when[:-1])):
        by_time = np.argsort(when)
        when, codes = when[by_time], codes[by_time]
    slots = codes
    slots <<= bits
    slots |= np.arange(len(slots), dtype=np.int64)
    slots.sort()
    ties = None if rising else _ties(slots, when, bits)
    if by_time is None and ties is None:
        return TimeOrder(bits=bits, slots=slots, when=when, rows=None)
    rows = slots & ((1 << bits) - 1)
    if by_time is not None:
        rows = by_time[rows]
    if ties is not None:
        _settle(rows, ties, frame, then, key)
    return TimeOrder(bits=bits, slots=slots, when=when, rows=rows)


def order_by_known(order: TimeOrder, event: Ints) -> TimeOrder:
    """Only the rows whose event is as new as any before them of the same code."""
    if not len(order.slots):
        return order
    rows, codes = order.row(np.arange(len(order.slots))), order.slots >> order.bits
    value = event[rows]
    key = np.concatenate(([0], np.cumsum(codes[1:] != codes[:-1])))
    low, width = int(value.min()), (int(value.max()) - int(value.min())).bit_length()
    if int(key[-1]).bit_length() + width > 62:
        value = np.unique(value, return_inverse=True)[1]
        low, width = 0, len(value).bit_length()
    both = (key << width) | (value - low)
    best = both == np.maximum.accumulate(both)
    return TimeOrder(bits=order.bits, slots=order.slots[best], when=order.when, rows=rows[best])


def ranks_of(ascending: Ints, values: Ints) -> Ints:
    """How many of `ascending` are at most each value. Asked in order, as memory likes it."""
    if bool(np.all(values[1:] >= values[:-1])):
        return np.searchsorted(ascending, values, "right")
    order = np.argsort(values)
    rank = np.empty(len(values), dtype=np.int64)
    rank[order] = np.searchsorted(ascending, values[order], "right")
    return rank


def _ties(slots: Ints, when: Ints, bits: int) -> Bools | None:
    """Where a slot has the code and the time of the one before it; None: nowhere."""
    if not bool(np.any(when[1:] == when[:-1])):
        return None
    times, codes = when[slots & ((1 << bits) - 1)], slots >> bits
    same = (times[1:] == times[:-1]) & (codes[1:] == codes[:-1])
    return same if bool(same.any()) else None


def _settle(rows: Ints, ties: Bools, frame: pl.DataFrame, then: list[Ints], key: list[str]) -> None:
    """Puts rows of equal code and time in order, in place."""
    tied = np.zeros(len(rows), dtype=bool)
    tied[1:] |= ties
    tied[:-1] |= ties
    places = np.flatnonzero(tied)
    chosen = rows[places]
    run = np.concatenate(([0], np.cumsum(~ties)))[places]
    by = [pl.Series(run), *(pl.Series(times[chosen]) for times in then)]
    part = frame[chosen]
    for name in dict.fromkeys([*key, *sorted(frame.columns)]):
        column = part[name]
        if isinstance(column.dtype, pl.Categorical | pl.Enum):
            column = column.cast(pl.String)
        if not column.dtype.is_nested() and column.dtype not in (pl.Object, pl.Null):
            by.append(column)
    columns = pl.DataFrame([column.alias(str(place)) for place, column in enumerate(by)])
    rows[places] = chosen[columns.select(pl.arg_sort_by(columns.columns)).to_series().to_numpy()]
