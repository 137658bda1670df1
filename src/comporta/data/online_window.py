"""The rows of a window, found and aggregated for one request in microseconds."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec
import numpy as np
import polars as pl

from comporta.data.features_match import key_value
from comporta.data.features_time import Ints, span, tick, ticks
from comporta.data.features_timeline import HistoryRows, Timeline, request_times
from comporta.data.few_rows import frame_of_rows
from comporta.data.history_column import ColumnValues, history_column
from comporta.data.keys import key_text
from comporta.data.online_keys import KeyIndex, key_slots
from comporta.data.online_source import (
    PLAIN,
    JoinKey,
    JoinLookup,
    is_plain_key,
    joined_row,
    key_parts,
    request_keys,
    usual_times,
)
from comporta.data.online_timeline import rows_in_order, time_of
from comporta.data.window_columns import WindowColumn
from comporta.data.window_table import WindowTable, window_columns, window_types
from comporta.records import JoinedRow, Record
from comporta.records.columns import JoinColumns
from comporta.records.dataset import Aggregate

WindowValues = tuple[list[Any], JoinedRow | None]


class WindowAggregate(Record, frozen=True, kw_only=True):
    """One feature of a window. by_place: whether the place of its value is found, and the value looked up
    then; plain: as a Python value."""

    name: str
    what: Aggregate
    column: str
    by_place: bool
    plain: bool


class WindowIndex(Record, frozen=True, kw_only=True):
    """A table of windows for requests, its rows in the order of their slots. keys: the slots of each key,
    which rise by event. version: of the dataset. over, late: how long the window is, and when a row is known
    after its event, in the line's unit. plain: see `is_plain_key`."""

    table: WindowTable
    keys: KeyIndex
    version: int
    over: int
    late: int
    aggregates: tuple[WindowAggregate, ...]
    plain: bool

    def few(
        self, requests: pl.DataFrame, at: pl.Series | None
    ) -> tuple[pl.DataFrame, list[JoinedRow | None]]:
        """What a few requests read, and of which window each."""
        line = self.table.line
        moments = usual_times(at)
        if moments is None:
            when = request_times(at, line.shape)
            moments, times = when.to_list(), ticks(when, line.unit).tolist()
        else:
            times = [0 if each is None else tick(each, line.unit) for each in moments]
        keys = request_keys(requests, list(line.join.on), line.types, plain=self.plain)
        found = [self._read(*each) for each in zip(keys, times, moments, strict=True)]
        return self._frame([values for values, _ in found]), [source for _, source in found]

    def read(self, requests: pl.DataFrame, at: pl.Series | None, hidden: JoinColumns) -> pl.DataFrame:
        """For each request, in order, the features and the hidden columns."""
        return self.table.read(requests, at, hidden)

    def lookup(self, keys: Mapping[str, Any], at: datetime | None) -> JoinLookup:
        """What one request reads; see `OnlineTables.lookup`."""
        line = self.table.line
        key = tuple(
            key_value(keys[name], dtype, f"{line.join.dataset} joined on {name}")
            for name, dtype in zip(line.join.on, line.types, strict=True)
        )
        values, source = self._read(key, 0 if at is None else tick(at, line.unit), at)
        return JoinLookup(values=self._frame([values]).row(0, named=True), joined=source)

    def _read(self, key: JoinKey, time: int, at: datetime | None) -> WindowValues:
        """One value for each feature, and the source. time: of the request, in the line's unit."""
        table = self.table
        if at is None or None in key:  # it is not known whose rows, or until when
            return [None] * len(self.aggregates), None
        events = self.keys.views[3]
        begin, until = self.keys.find(key)
        start = bisect_right(events, time - self.over, begin, until)
        end = bisect_right(events, time - self.late, start, until)
        columns, (slots, arrived) = table.columns, table.known_slots(start, end, time)
        if isinstance(slots, slice):
            start, end = slots.start, slots.stop
        else:
            columns, start, end = {name: each.take(slots) for name, each in columns.items()}, 0, len(slots)
        values = [columns[each.column].one(each.what, start, end) for each in self.aggregates]
        return values, self._source(key, slots, arrived, at) if end > start else None

    def _frame(self, found: list[list[Any]]) -> pl.DataFrame:
        """What was found of each request as its features."""
        others = []
        for place, each in enumerate(self.aggregates):
            if not each.by_place:
                continue
            made = self.table.columns[each.column]
            if each.plain:
                for row in found:
                    row[place] = made.value_at(each.what, row[place])
                continue
            places = pl.Series([row[place] for row in found], dtype=pl.UInt32)
            others.append(made.values_at(each.what, places).alias(each.name))
            for row in found:
                row[place] = None
        types = self.table.types
        frame = frame_of_rows([dict(zip(types, row, strict=True)) for row in found], types)
        return frame.with_columns(others) if others else frame

    def _source(self, key: JoinKey, slots: slice | Ints, latest: int | None, at: datetime) -> JoinedRow:
        """latest: when the last of these slots arrived, where each has a time of its own."""
        line = self.table.line
        last_slot = int(slots.stop - 1 if isinstance(slots, slice) else slots[-1])
        names = line.join.on.values()
        if self.plain:
            parts = dict(zip(names, key, strict=True))
        else:
            text = key_text([line.frame[name][last_slot] for name in names])
            parts = key_parts(tuple(names), text)
        last = time_of(line, self.keys.views[3][last_slot])
        event: datetime | None = last
        if line.shape.time is None:
            event, arrived = None, last
        elif latest is None:
            arrived = last + (line.shape.delay or timedelta())
        else:
            arrived = time_of(line, latest)
        return joined_row(line.join, self.version, parts, event, arrived, at)


def window_index(line: Timeline, version: int) -> WindowIndex:
    """A table of windows, ready for requests. Raises BadProject."""
    assert line.event is not None
    order = line.order
    rows = order.row(np.arange(len(order.slots)))
    keys, slots = key_slots(line, order.slots >> order.bits, rows, line.event[rows])
    rows = rows[slots]
    ordered = rows_in_order(line, rows)
    columns = window_columns(line.frame[rows], None, line.join)
    plain = {name: as_arrays(column, ordered.frame[name]) for name, column in columns.items()}
    return windows_index(ordered, keys, plain, window_types(line.frame, line.join), version)


def windows_index(
    line: HistoryRows,
    keys: KeyIndex,
    columns: dict[str, WindowColumn],
    types: dict[str, pl.DataType],
    version: int,
) -> WindowIndex:
    """Of rows in the order of their slots."""
    assert line.event is not None
    table = WindowTable(
        line=line,
        search=keys,
        row_of=None,
        event=line.event,
        arrived=line.arrived,
        columns=columns,
        types=types,
    )
    aggregates = tuple(
        WindowAggregate(
            name=name,
            what=what,
            column=column,
            by_place=what in ("min", "max", "last"),
            plain=types[name] in PLAIN,
        )
        for name, (what, column) in table.window.of.items()
    )
    return WindowIndex(
        table=table,
        keys=keys,
        version=version,
        over=span(table.window.over, line.unit),
        late=line.late,
        aggregates=aggregates,
        plain=is_plain_key(line.types),
    )


def as_arrays(column: WindowColumn, rows: ColumnValues) -> WindowColumn:
    """The same, its values as arrays. rows: the column as it stands."""
    words = column.words
    return msgspec.structs.replace(
        column,
        words=history_column(words) if isinstance(words, pl.Series) else words,
        rows=None if column.rows is None else rows,
    )
