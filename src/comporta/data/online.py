"""History in memory, for requests: what `as_of` answers for a table, answered for one row in microseconds."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from comporta.data.features import FeaturePlan
from comporta.data.features_history import TimelineTables, joined_frame, load_tables
from comporta.data.features_match import key_value, matchable
from comporta.data.features_time import LOWEST, Ints, span, tick, ticks
from comporta.data.features_timeline import NONE, Timeline, request_times
from comporta.data.keys import key_text
from comporta.errors import NotFound
from comporta.records import DatasetSchema, Join, JoinedRow, Record, decode
from comporta.records.instant import moment
from comporta.records.named_column import exact_column

FEW = 16

JoinKey = tuple[Any, ...]
JoinedSources = list[tuple[JoinedRow, ...]]


class JoinLookup(Record, frozen=True, kw_only=True):
    """What one request reads of one table. values: by feature name. joined: its source; None: nothing."""

    values: dict[str, Any]
    joined: JoinedRow | None


class TimelineIndex(Record, frozen=True, kw_only=True):
    """A timeline for single rows. groups: key → its slots, half-open. when: of each slot, rising.

    columns: the columns that are brought, under their names, and one row of nulls more.
    """

    line: Timeline
    groups: dict[JoinKey, tuple[int, int]]
    when: memoryview
    rows: Ints
    columns: pl.DataFrame

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

    def find_all(self, requests: pl.DataFrame, at: pl.Series | None) -> Ints:
        """The same for each row of a frame."""
        line = self.line
        keys = _physical(matchable(requests, list(line.join.on), line.types)).rows()
        if line.event is None:
            times = [(0, 0)] * requests.height
        else:
            when = request_times(at, line.shape)
            down, up = ticks(when, line.unit).tolist(), ticks(when, line.unit, up=True).tolist()
            # A request without a time reads nothing.
            times = [
                (LOWEST, LOWEST) if lost else (low, high)
                for lost, low, high in zip(when.is_null(), down, up, strict=True)
            ]
        return np.array(
            [self.find(key, *time) for key, time in zip(keys, times, strict=True)], dtype=np.int64
        )


class OnlineTables(Record, frozen=True, kw_only=True):
    """The tables of a plan's joins, in memory. versions: of each dataset, as `Joined` tells them."""

    tables: TimelineTables
    indexes: tuple[TimelineIndex, ...]
    versions: Mapping[str, int]

    def lookup(self, join: Join, keys: Mapping[str, Any], at: datetime | None) -> JoinLookup:
        """What one request reads. keys: request column → value. at: its time, naive meaning UTC; None only
        for a table without times. Raises BadRequest on a value of another type, NotFound when the join is
        none of the plan's."""
        place = next((n for n, line in enumerate(self.tables.lines) if line.join == join), None)
        if place is None:
            raise NotFound(f"found no join of {join.dataset} with these columns among those prepared.")
        one = self.indexes[place]
        line = one.line
        key = tuple(
            key_value(keys[name], dtype, f"{join.dataset} joined on {name}")
            for name, dtype in zip(join.on, line.types, strict=True)
        )
        if None in key or (at is None and line.event is not None):
            row = NONE
        else:
            now = tick(at, line.unit) if at is not None and line.event is not None else 0
            row = one.find(key, now, now)
        if row == NONE:
            return JoinLookup(values=dict.fromkeys(join.columns.values()), joined=None)
        read = dict(zip(line.frame.columns, line.frame.row(row), strict=True))
        return JoinLookup(
            values={name: read[column] for column, name in join.columns.items()},
            joined=self._source(line, row, key_text([read[name] for name in line.shape.key])),
        )

    def read(self, requests: pl.DataFrame, at: pl.Series | None) -> pl.DataFrame:
        """For each request, in order, the columns of every join, and its hidden ones."""
        if requests.height > FEW:
            return self.tables.read(requests, at)
        by_line = {id(index.line): index for index in self.indexes}
        return joined_frame(
            self.tables.lines, self.tables.join_columns, lambda line: by_line[id(line)].find_all(requests, at)
        )

    def few(self, requests: pl.DataFrame, at: pl.Series | None) -> tuple[pl.DataFrame, JoinedSources]:
        """`read` and `joined` of a few rows at once, without the frame of hidden columns between."""
        joined = pl.DataFrame()
        sources: list[list[JoinedRow]] = [[] for _ in range(requests.height)]
        for index in self.indexes:
            line = index.line
            rows = index.find_all(requests, at).tolist()
            part = index.columns[[line.frame.height if row == NONE else row for row in rows]]
            joined = joined.hstack(part) if joined.width else part
            for source, row in zip(sources, rows, strict=True):
                if row != NONE:
                    key = key_text([line.frame[name][row] for name in line.shape.key])
                    source.append(self._source(line, row, key))
        return joined, [tuple(each) for each in sources]

    def sources_of(self, hidden: pl.DataFrame, height: int) -> JoinedSources:
        """The sources of each row, from its hidden columns. height: how many rows."""
        sources: list[list[JoinedRow]] = [[] for _ in range(height)]
        for line, names in zip(self.tables.lines, self.tables.join_columns, strict=True):
            columns = (hidden[name].to_list() for name in (names.key, names.event, names.arrived))
            for source, (key, event, arrived) in zip(sources, zip(*columns, strict=True), strict=True):
                if key is not None:
                    source.append(self._joined_record(line, key, event, arrived))
        return [tuple(each) for each in sources]

    def _source(self, line: Timeline, row: int, key: str) -> JoinedRow:
        return self._joined_record(line, key, *_times_of_row(line, row))

    def _joined_record(
        self, line: Timeline, key: str, event: datetime | None, arrived: datetime | None
    ) -> JoinedRow:
        """key: its canonical text; told by column, as plain JSON values."""
        name = line.join.dataset
        parts = dict(zip(line.shape.key, decode(key, list[Any]), strict=True))
        return JoinedRow(
            dataset=name, version=self.versions.get(name, 0), key=parts, event=event, arrived=arrived
        )


class LatestTables:
    """The history that requests read now. A newer one is built beside it and put in its place at once."""

    __slots__ = ("online",)

    def __init__(self, online: OnlineTables) -> None:
        self.online = online

    def swap(self, newer: OnlineTables) -> None:
        """Requests that begin from now on read `newer`; those under way keep what they began with."""
        self.online = newer


def online_tables(
    frames: Mapping[str, pl.LazyFrame],
    joins: tuple[Join, ...],
    shapes: Mapping[str, DatasetSchema],
    requests: pl.Schema,
    *,
    versions: Mapping[str, int] | None = None,
) -> OnlineTables:
    """The tables of these joins, ready for requests. frames: by dataset. requests: the types of the columns
    that will ask. versions: the number of each dataset's version. Raises BadProject."""
    ready = load_tables(frames, joins, shapes, requests, exact=True)
    return OnlineTables(
        tables=ready, indexes=tuple(_index(line) for line in ready.lines), versions=dict(versions or {})
    )


Answerer = Callable[[pl.DataFrame, pl.Series], tuple[pl.DataFrame, JoinedSources]]


def feature_function(plan: FeaturePlan, latest: LatestTables) -> Answerer:
    """The request path: (raw columns, one UTC time a row) → (features, the rows of history each row read)."""

    def answer(raw: pl.DataFrame, at: pl.Series) -> tuple[pl.DataFrame, JoinedSources]:
        history = latest.online
        if raw.height > FEW:
            features, hidden = plan.apply(raw, history, at)
            return features, history.sources_of(hidden, raw.height)
        known = plan.select_known(raw)
        joined, sources = history.few(known, at)
        return plan.make_features(known, joined), sources

    return answer


def _index(line: Timeline) -> TimelineIndex:
    order = line.order if line.by_known is None else line.by_known()
    codes = order.slots >> order.bits
    rows = order.row(np.arange(len(order.slots)))
    starts = np.flatnonzero(np.append(True, codes[1:] != codes[:-1])[: len(codes)])
    ends = np.append(starts[1:], len(codes))[: len(starts)]
    keys = _physical(matchable(line.frame, list(line.join.on.values()), line.types)[rows[starts]])
    shown = line.frame.select(exact_column(column).alias(name) for column, name in line.join.columns.items())
    spans = zip(starts.tolist(), ends.tolist(), strict=True)
    return TimelineIndex(
        line=line,
        groups=dict(zip(keys.iter_rows(), spans, strict=True)),
        when=memoryview(order.when[order.slots & ((1 << order.bits) - 1)]),
        rows=rows,
        columns=pl.concat([shown, shown.clear(1)]).rechunk(),
    )


def _physical(keys: pl.DataFrame) -> pl.DataFrame:
    """Times as the integers that `plain` makes of them."""
    timed = any(isinstance(dtype, pl.Datetime) for dtype in keys.dtypes)
    return keys.with_columns(pl.col(pl.Datetime).to_physical()) if timed else keys


def _times_of_row(line: Timeline, row: int) -> tuple[datetime | None, datetime | None]:
    """Event and arrival of a row, as `as_of` shows them."""
    if line.event is None:
        return None, None
    event = _time(line, int(line.event[row]))
    if line.shape.time is None:
        return None, event
    if line.arrived is not None:
        return event, _time(line, int(line.arrived[row]))
    return event, event + (line.shape.delay or timedelta())


def _time(line: Timeline, at: int) -> datetime:
    return moment(at if line.unit == "us" else at // 1000)
