"""The newest row that was known of a key, found for one request in microseconds, and for many at once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from comporta.data.asof import matched_columns
from comporta.data.features_match import key_value, matchable
from comporta.data.features_time import LOWEST, Ints, shift_times, span, tick, ticks
from comporta.data.features_timeline import NONE, HistoryRows, Timeline, request_times
from comporta.data.history_column import HistoryColumn, arrays_of, history_column
from comporta.data.keys import key_text
from comporta.data.online_keys import KeyIndex, key_slots
from comporta.data.online_source import (
    JoinKey,
    JoinLookup,
    is_plain_key,
    joined_row,
    key_parts,
    plain_frame,
    request_keys,
    usual_times,
)
from comporta.records import JoinedRow, Record
from comporta.records.columns import JoinColumns
from comporta.records.instant import moment

PlacedColumn = tuple[str, HistoryColumn]
"""A column under the name of its feature."""


class TimelineIndex(Record, frozen=True, kw_only=True):
    """A timeline for requests. line: its rows in the order of their slots. keys: the slots of each key, which
    rise by when a row was known.

    columns: those that are brought, under their names. version: of the dataset. plain: see `is_plain_key`.
    """

    line: HistoryRows
    keys: KeyIndex
    columns: tuple[PlacedColumn, ...]
    version: int
    plain: bool

    def find(self, key: JoinKey, at: int, upper: int) -> int:
        """The row known at `at`, or -1. at, upper: the time in the line's unit, rounded down and up."""
        start, end = self.keys.find(key)
        line = self.line
        row = bisect_right(self.keys.views[3], at - line.late, start, end) - 1
        if row < start:
            return NONE
        if line.join.tolerance is not None and line.event is not None:
            return NONE if line.event[row] < upper - span(line.join.tolerance, line.unit) else row
        return row

    def find_all(self, requests: pl.DataFrame, at: pl.Series | None) -> list[int]:
        """The same for each row of a frame."""
        line = self.line
        keys = request_keys(requests, list(line.join.on), line.types, plain=self.plain)
        if line.event is None:
            times = [(0, 0)] * requests.height
        elif (moments := usual_times(at)) is not None:
            exact = [LOWEST if each is None else tick(each, line.unit) for each in moments]
            times = list(zip(exact, exact, strict=True))
        else:
            when = request_times(at, line.shape)
            down, up = ticks(when, line.unit).tolist(), ticks(when, line.unit, up=True).tolist()
            times = list(zip(down, up, strict=True))
            if when.null_count():  # a request without a time reads nothing
                times = [
                    (LOWEST, LOWEST) if lost else each
                    for lost, each in zip(when.is_null(), times, strict=True)
                ]
        return [self.find(key, *time) for key, time in zip(keys, times, strict=True)]

    def few(
        self, requests: pl.DataFrame, at: pl.Series | None
    ) -> tuple[pl.DataFrame, list[JoinedRow | None]]:
        """What a few requests read, and of which row each."""
        rows = self.find_all(requests, at)
        return self._frame(rows), [None if row == NONE else self._source(row) for row in rows]

    def read(self, requests: pl.DataFrame, at: pl.Series | None, hidden: JoinColumns) -> pl.DataFrame:
        """For each request, in order, the features and the hidden columns."""
        line = self.line
        keys = matchable(requests, list(line.join.on), line.types)
        codes = self.keys.codes(keys)
        times = np.zeros(requests.height, dtype=np.int64)
        if line.event is not None:
            when = request_times(at, line.shape)
            times = ticks(when, line.unit)
            codes = np.where(when.is_not_null().to_numpy(), codes, NONE)
        rows = self.keys.until(codes, shift_times(times, -line.late)) - 1
        first = self.keys.starts[np.maximum(codes, 0)]
        rows = np.where((codes != NONE) & (rows >= first), rows, NONE)
        return matched_columns(line, line.fresh(at, rows), hidden)

    def lookup(self, keys: Mapping[str, Any], at: datetime | None) -> JoinLookup:
        """What one request reads; see `OnlineTables.lookup`."""
        line = self.line
        key = tuple(
            key_value(keys[name], dtype, f"{line.join.dataset} joined on {name}")
            for name, dtype in zip(line.join.on, line.types, strict=True)
        )
        if None in key or (at is None and line.event is not None):
            row = NONE
        else:
            now = tick(at, line.unit) if at is not None and line.event is not None else 0
            row = self.find(key, now, now)
        if row == NONE:
            return JoinLookup(values=dict.fromkeys(line.join.feature_names), joined=None)
        return JoinLookup(
            values={name: column[row] for name, column in self.columns}, joined=self._source(row)
        )

    def _frame(self, rows: list[int]) -> pl.DataFrame:
        """The columns that are brought, of these rows."""

        def values(column: HistoryColumn) -> list[Any]:
            return [None if row == NONE else column[row] for row in rows]

        def gather(column: HistoryColumn) -> pl.Series:
            return column.gather(pl.Series([None if row == NONE else row for row in rows], dtype=pl.UInt32))

        return plain_frame(self.columns, len(rows), values, gather)

    def _source(self, row: int) -> JoinedRow:
        line = self.line
        text = key_text([line.frame[name][row] for name in line.shape.key])
        key = key_parts(line.shape.key, text)
        return joined_row(line.join, self.version, key, *_times_of_row(line, row), None)


def timeline_index(line: Timeline, version: int) -> TimelineIndex:
    """A timeline, ready for requests."""
    order = line.order if line.by_known is None else line.by_known()
    places = np.arange(len(order.slots))
    keys, slots = key_slots(
        line, order.slots >> order.bits, order.row(places), order.when[order.slots & ((1 << order.bits) - 1)]
    )
    return newest_index(rows_in_order(line, order.row(places)[slots]), keys, version)


def newest_index(line: HistoryRows, keys: KeyIndex, version: int) -> TimelineIndex:
    """Of rows in the order of their slots."""
    columns = tuple((name, arrays_of(line.frame[column])) for column, name in line.join.columns.items())
    plain = is_plain_key(line.types)
    return TimelineIndex(line=line, keys=keys, columns=columns, version=version, plain=plain)


def rows_in_order(line: Timeline, rows: Ints) -> HistoryRows:
    """The rows at these places, in this order, as arrays."""
    frame = line.frame[rows]
    return HistoryRows(
        frame={column.name: history_column(column) for column in frame.get_columns()},
        join=line.join,
        shape=line.shape,
        types=line.types,
        unit=line.unit,
        event=None if line.event is None else line.event[rows],
        arrived=None if line.arrived is None else line.arrived[rows],
    )


def time_of(line: HistoryRows, at: int) -> datetime:
    """A time in the line's unit, as it is shown."""
    return moment(at if line.unit == "us" else at // 1000)


def _times_of_row(line: HistoryRows, row: int) -> tuple[datetime | None, datetime | None]:
    """Event and arrival of a row, as `as_of` shows them."""
    if line.event is None:
        return None, None
    event = time_of(line, int(line.event[row]))
    if line.shape.time is None:
        return None, event
    if line.arrived is not None:
        return event, time_of(line, int(line.arrived[row]))
    return event, event + (line.shape.delay or timedelta())
