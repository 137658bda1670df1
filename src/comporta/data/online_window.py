"""The rows of a window, found and aggregated for one request in microseconds."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from comporta.data.features_match import key_value
from comporta.data.features_time import Ints, Unit, span, tick, ticks
from comporta.data.features_timeline import request_times
from comporta.data.keys import key_text
from comporta.data.online_source import JoinKey, JoinLookup, is_plain_key, joined_row, key_parts, request_keys
from comporta.data.online_timeline import key_groups, time_of
from comporta.data.window_table import WindowTable
from comporta.records import JoinedRow, Record
from comporta.records.dataset import Aggregate

PLAIN = (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.Float32, pl.Float64, pl.String, pl.Boolean, pl.Date)
"""Types whose values lose nothing as Python's, so that one frame can be made of all at once."""

UTC_MICROSECONDS, UTC_MILLISECONDS = pl.Datetime("us", "UTC"), pl.Datetime("ms", "UTC")
"""As a request's time usually is: Python's own integers are then quicker than an array of one."""
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
    """A table of windows for single rows. groups: key → its slots, half-open. event: of each slot, rising
    within a key. version: of the dataset. over, late: how long the window is, and when a row is known after
    its event, in the line's unit. plain: see `is_plain_key`."""

    table: WindowTable
    groups: dict[JoinKey, tuple[int, int]]
    event: memoryview
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
        when = request_times(at, line.shape)
        keys = request_keys(requests, list(line.join.on), line.types, plain=self.plain)
        moments = when.to_list()
        found = [
            self._read(*each) for each in zip(keys, _ticks(when, moments, line.unit), moments, strict=True)
        ]
        return self._frame([values for values, _ in found]), [source for _, source in found]

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
        begin, until = self.groups.get(key, (0, 0))
        start = bisect_right(self.event, time - self.over, begin, until)
        end = bisect_right(self.event, time - self.late, start, until)
        columns, slots = table.columns, table.known_slots(start, end, time)
        if not isinstance(slots, slice):
            columns, start, end = {name: each.take(slots) for name, each in columns.items()}, 0, len(slots)
        values = [columns[each.column].one(each.what, start, end) for each in self.aggregates]
        return values, self._source(key, slots, at) if end > start else None

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
        frame = pl.from_dicts([dict(zip(types, row, strict=True)) for row in found], schema=types)
        return frame.with_columns(others) if others else frame

    def _source(self, key: JoinKey, slots: slice | Ints, at: datetime) -> JoinedRow:
        table, line = self.table, self.table.line
        last_slot = int(slots.stop - 1 if isinstance(slots, slice) else slots[-1])
        names = line.join.on.values()
        if self.plain:
            parts = dict(zip(names, key, strict=True))
        else:
            row = int(table.row_of[last_slot])
            parts = key_parts(tuple(names), key_text([line.frame[name][row] for name in names]))
        last = time_of(line, self.event[last_slot])
        event: datetime | None = last
        if line.shape.time is None:
            event, arrived = None, last
        elif table.arrived is None:
            arrived = last + (line.shape.delay or timedelta())
        else:
            arrived = time_of(line, int(table.arrived[slots].max()))
        return joined_row(line.join, self.version, parts, event, arrived, at)


def _ticks(when: pl.Series, moments: list[datetime | None], unit: Unit) -> list[int]:
    """The times of requests in a unit, rounded down."""
    if when.dtype in (UTC_MICROSECONDS, UTC_MILLISECONDS):
        return [0 if each is None else tick(each, unit) for each in moments]
    found: list[int] = ticks(when, unit).tolist()
    return found


def window_index(table: WindowTable, version: int) -> WindowIndex:
    """A table of windows, ready for single rows."""
    line = table.line
    aggregates = tuple(
        WindowAggregate(
            name=name,
            what=what,
            column=column,
            by_place=what in ("min", "max", "last"),
            plain=table.types[name] in PLAIN,
        )
        for name, (what, column) in table.window.of.items()
    )
    return WindowIndex(
        table=table,
        groups=key_groups(line, line.order.slots >> line.order.bits, table.row_of),
        event=table.event.data,
        version=version,
        over=span(table.window.over, line.unit),
        late=line.late,
        aggregates=aggregates,
        plain=is_plain_key(line.types),
    )
