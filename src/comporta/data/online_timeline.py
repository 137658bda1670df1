"""The newest row that was known of a key, found for one request in microseconds."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from comporta.data.features_match import key_value, matchable
from comporta.data.features_time import LOWEST, Ints, span, tick, ticks
from comporta.data.features_timeline import NONE, Timeline, request_times
from comporta.data.keys import key_text
from comporta.data.online_source import (
    JoinKey,
    JoinLookup,
    is_plain_key,
    joined_row,
    key_parts,
    physical,
    request_keys,
)
from comporta.records import JoinedRow, Record
from comporta.records.instant import moment
from comporta.records.named_column import exact_column


class TimelineIndex(Record, frozen=True, kw_only=True):
    """A timeline for single rows. groups: key → its slots, half-open. when: of each slot, rising.

    columns: the columns that are brought, under their names, and one row of nulls more. version: of the
    dataset. plain: see `is_plain_key`.
    """

    line: Timeline
    groups: dict[JoinKey, tuple[int, int]]
    when: memoryview
    rows: Ints
    columns: pl.DataFrame
    version: int
    plain: bool

    def find(self, key: JoinKey, at: int, upper: int) -> int:
        """The row known at `at`, or -1. at, upper: the time in the line's unit, rounded down and up."""
        group = self.groups.get(key)
        if group is None:
            return NONE
        line = self.line
        slot = bisect_right(self.when, at - line.late, group[0], group[1]) - 1
        if slot < group[0]:
            return NONE
        row = int(self.rows[slot])
        if line.join.tolerance is not None and line.event is not None:
            return NONE if line.event[row] < upper - span(line.join.tolerance, line.unit) else row
        return row

    def find_all(self, requests: pl.DataFrame, at: pl.Series | None) -> list[int]:
        """The same for each row of a frame."""
        line = self.line
        keys = request_keys(requests, list(line.join.on), line.types, plain=self.plain)
        if line.event is None:
            times = [(0, 0)] * requests.height
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
        line = self.line
        rows = self.find_all(requests, at)
        part = self.columns[[line.frame.height if row == NONE else row for row in rows]]
        return part, [None if row == NONE else self._source(row) for row in rows]

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
        values = {name: line.frame[column][row] for column, name in line.join.columns.items()}
        return JoinLookup(values=values, joined=self._source(row))

    def _source(self, row: int) -> JoinedRow:
        line = self.line
        text = key_text([line.frame[name][row] for name in line.shape.key])
        key = key_parts(line.shape.key, text)
        return joined_row(line.join, self.version, key, *_times_of_row(line, row), None)


def timeline_index(line: Timeline, version: int) -> TimelineIndex:
    """A timeline, ready for single rows."""
    order = line.order if line.by_known is None else line.by_known()
    codes = order.slots >> order.bits
    rows = order.row(np.arange(len(order.slots)))
    shown = line.frame.select(exact_column(column).alias(name) for column, name in line.join.columns.items())
    return TimelineIndex(
        line=line,
        groups=key_groups(line, codes, rows),
        when=memoryview(order.when[order.slots & ((1 << order.bits) - 1)]),
        rows=rows,
        columns=pl.concat([shown, shown.clear(1)]).rechunk(),
        version=version,
        plain=is_plain_key(line.types),
    )


def key_groups(line: Timeline, codes: Ints, rows: Ints) -> dict[JoinKey, tuple[int, int]]:
    """Key → its slots, half-open. codes, rows: of each slot, those of one key together."""
    starts = np.flatnonzero(np.append(True, codes[1:] != codes[:-1])[: len(codes)])
    ends = np.append(starts[1:], len(codes))[: len(starts)]
    keys = physical(matchable(line.frame, list(line.join.on.values()), line.types)[rows[starts]])
    return dict(zip(keys.iter_rows(), zip(starts.tolist(), ends.tolist(), strict=True), strict=True))


def time_of(line: Timeline, at: int) -> datetime:
    """A time in the line's unit, as it is shown."""
    return moment(at if line.unit == "us" else at // 1000)


def _times_of_row(line: Timeline, row: int) -> tuple[datetime | None, datetime | None]:
    """Event and arrival of a row, as `as_of` shows them."""
    if line.event is None:
        return None, None
    event = time_of(line, int(line.event[row]))
    if line.shape.time is None:
        return None, event
    if line.arrived is not None:
        return event, time_of(line, int(line.arrived[row]))
    return event, event + (line.shape.delay or timedelta())
