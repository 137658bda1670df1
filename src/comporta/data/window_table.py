"""A slower table made ready for windows: what was known of a key's last seven days, as single values.

    request (at 10:05) ──▶ rows of its key with 10:05 - 7d < event ≤ 10:05 and arrival ≤ 10:05 ──▶ their sum

Rows lie key by key in the order of their events, as in `features_timeline`, so that a window is a range of
slots that two binary searches find. Where rows of it had not arrived, those that had are taken out alone.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

import numpy as np
import polars as pl
from msgspec import UnsetType

from comporta.data.features_match import KeyCoder, matchable
from comporta.data.features_order import Bools, TimeOrder, ranks_of
from comporta.data.features_time import Ints, as_times, shift_times, span, ticks
from comporta.data.features_timeline import HistoryRows, clocks, request_times, timeline, unit_for
from comporta.data.keys import row_key
from comporta.data.window_columns import (
    WindowColumn,
    aggregate_type,
    expand_ranges,
    range_chunks,
    reduce_ranges,
    window_column,
)
from comporta.errors import BadProject
from comporta.records import DatasetSchema, Join, JoinWindow, Record
from comporta.records.columns import JoinColumns
from comporta.records.dataset import Aggregate
from comporta.records.duration import duration_text
from comporta.records.named_column import frame_of


class SlotSearch(Protocol):
    """Where the rows of a key lie among the slots of a table, in the order of their events."""

    def codes(self, keys: pl.DataFrame, /) -> Ints:
        """A code for each key; -1 where the table has none."""

    def until(self, codes: Ints, times: Ints, /) -> Ints:
        """Of each code the first slot that is later than its time."""


class OrderSearch(Record, frozen=True, kw_only=True):
    """By the integers in which a table was put in order: the quickest for many requests at once."""

    coder: KeyCoder
    order: TimeOrder

    def codes(self, keys: pl.DataFrame) -> Ints:
        """As the coder gives them."""
        return self.coder.codes(keys)

    def until(self, codes: Ints, times: Ints) -> Ints:
        """How many slots lie before the first that is of a greater code, or of this one and later."""
        order = self.order
        return ranks_of(order.slots, (codes << order.bits) + (ranks_of(order.when, times) - 1))


class WindowTable(Record, frozen=True, kw_only=True):
    """line: the table's rows. search: their slots. row_of: the row of each slot; None: its
    place. columns: of the table, by name.

    event, arrived: of each slot, in the line's unit; arrived: None where rows are known a constant time after
    their event. types: of the features, by name.
    """

    line: HistoryRows
    search: SlotSearch
    row_of: Ints | None
    event: Ints
    arrived: Ints | None
    columns: dict[str, WindowColumn]
    types: dict[str, pl.DataType]

    @property
    def join(self) -> Join:
        """What it was made ready for."""
        return self.line.join

    @property
    def shape(self) -> DatasetSchema:
        """Of its dataset."""
        return self.line.shape

    @property
    def window(self) -> JoinWindow:
        """What is asked of it."""
        return window_of(self.line.join)

    def ranges(self, requests: pl.DataFrame, at: pl.Series | None) -> tuple[Ints, Ints, Ints, Ints]:
        """The places of the requests that have a key and a time; of each where its window's slots begin and
        end, and its time."""
        line = self.line
        keys = matchable(requests, list(line.join.on), line.types)
        when = request_times(at, line.shape)
        asking = when.is_not_null().to_numpy(writable=True)
        for column in keys.get_columns():
            asking &= column.is_not_null().to_numpy()
        codes = np.zeros(requests.height, dtype=np.int64)
        codes[asking] = self.search.codes(keys.filter(pl.Series(asking)))
        asked = np.flatnonzero(asking)
        codes, times = codes[asked], ticks(when, line.unit)[asked]
        starts = self.search.until(codes, shift_times(times, -span(self.window.over, line.unit)))
        ends = self.search.until(codes, shift_times(times, -line.late))
        return asked, starts, np.maximum(starts, ends), times

    def read(self, requests: pl.DataFrame, at: pl.Series | None, hidden: JoinColumns) -> pl.DataFrame:
        """For each request, in order, the features and the hidden columns."""
        asked, starts, ends, times = self.ranges(requests, at)
        if self.arrived is None:
            parts = [self._read_slots(starts, ends)]
            places = asked
        else:
            latest = reduce_ranges(np.maximum, self.arrived, starts, ends)
            late = (latest > times) & (ends > starts)
            parts = [self._read_slots(starts[~late], ends[~late])]
            order = [np.flatnonzero(~late)]
            late_places = np.flatnonzero(late)
            for part in range_chunks(starts[late], ends[late]):
                some = late_places[part]
                parts.append(self._read_known(starts[some], ends[some], times[some]))
                order.append(some)
            places = asked[np.concatenate(order)]
        found = pl.concat(parts) if len(parts) > 1 else parts[0]
        whole = _rows_at(found, places, requests.height)
        return whole.rename(dict(zip(_HIDDEN, (hidden.key, hidden.event, hidden.arrived), strict=True)))

    def known_slots(self, start: int, end: int, at: int) -> tuple[slice | Ints, int | None]:
        """The slots of one window that had arrived at `at`: their range, or they themselves; and when the
        last of them arrived, where each has a time of its own."""
        if self.arrived is None:
            return slice(start, end), None
        arrived = self.arrived[start:end]
        known: Ints = (arrived <= at).nonzero()[0]
        if not len(known):
            return slice(start, start), None
        if len(known) == end - start:
            return slice(start, end), int(np.maximum.reduce(arrived))
        latest = int(np.maximum.reduce(arrived[known]))
        known += start
        return known, latest

    def _read_known(self, starts: Ints, ends: Ints, times: Ints) -> pl.DataFrame:
        """What windows make of those of their rows that had arrived."""
        assert self.arrived is not None
        slots, sizes = expand_ranges(starts, ends)
        there = self.arrived[slots] <= np.repeat(times, sizes)
        before = np.concatenate(([0], np.cumsum(there)))
        edges = np.concatenate(([0], np.cumsum(sizes)))
        return self.take(slots[there])._read_slots(before[edges[:-1]], before[edges[1:]])

    def take(self, slots: Ints) -> WindowTable:
        """The same of these slots alone."""
        return WindowTable(
            line=self.line,
            search=self.search,
            row_of=slots if self.row_of is None else self.row_of[slots],
            event=self.event[slots],
            arrived=None if self.arrived is None else self.arrived[slots],
            columns={name: column.take(slots) for name, column in self.columns.items()},
            types=self.types,
        )

    def _read_slots(self, starts: Ints, ends: Ints) -> pl.DataFrame:
        """The features of these windows, and from which rows they are."""
        made = {
            name: self.columns[column].many(what, starts, ends).cast(self.types[name])
            for name, (what, column) in self.window.of.items()
        }
        some = ends > starts
        last = np.where(some, ends - 1, 0)
        nowhere = np.zeros(len(starts), dtype=np.int64)
        event = self.event[last] if len(self.event) else nowhere
        return frame_of(
            column.alias(name)
            for name, column in {**made, **self._hidden_columns(some, last, event, starts, ends)}.items()
        )

    def _hidden_columns(
        self, some: Bools, last: Ints, event: Ints, starts: Ints, ends: Ints
    ) -> dict[str, pl.Series]:
        line = self.line
        names = list(line.join.on.values())
        empty = pl.Series(~some)
        there = bool(len(self.event))
        of = last if self.row_of is None else self.row_of[last] if there else last
        rows = pl.Series(of if there else of[:0]).cast(pl.Int64)
        part = frame_of(line.frame[name].gather(rows) for name in names)
        if there:
            key = part.select(row_key(part, names).alias("key"))["key"].set(empty, None)
        else:
            key = pl.Series([None] * len(last), dtype=pl.String)
        if self.arrived is None:
            arrived = shift_times(event, span(line.shape.delay or timedelta(), line.unit))
        else:
            arrived = reduce_ranges(np.maximum, self.arrived, starts, ends)
        times = [as_times(each, line.unit).set(empty, None) for each in (event, arrived)]
        if line.shape.time is None:
            times[0] = times[0].clear(len(last))
        return dict(zip(_HIDDEN, (key, *times), strict=True))


_HIDDEN = ("__window_key", "__window_event", "__window_arrived")


def window_of(join: Join) -> JoinWindow:
    """The window of a join that has one."""
    assert not isinstance(join.window, UnsetType)
    return join.window


def window_table(table: pl.DataFrame, join: Join, shape: DatasetSchema, requests: pl.Schema) -> WindowTable:
    """The table made ready. requests: the types of the columns that will ask. Raises BadProject when the
    declarations do not fit each other."""
    require_window(join, shape)
    line = timeline(table, join, shape, requests, exact=True)
    row_of = line.order.row(np.arange(len(line.order.slots)))
    columns = window_columns(line.frame, row_of, join)
    assert line.event is not None
    return WindowTable(
        line=line,
        search=OrderSearch(coder=line.coder, order=line.order),
        row_of=row_of,
        event=line.event[row_of],
        arrived=None if line.arrived is None else line.arrived[row_of],
        columns=columns,
        types=window_types(line.frame, join),
    )


def window_columns(frame: pl.DataFrame, row_of: Ints | None, join: Join) -> dict[str, WindowColumn]:
    """The columns that a window reads, made ready. row_of: the row of each slot; None: its
    place. Raises BadProject."""
    wanted: dict[str, set[Aggregate]] = {}
    for what, column in window_of(join).of.values():
        wanted.setdefault(column, set()).add(what)
    return {
        name: window_column(frame[name], row_of, asked, f"{join.dataset}.{name}")
        for name, asked in wanted.items()
    }


def window_types(frame: pl.DataFrame, join: Join) -> dict[str, pl.DataType]:
    """The types of a window's features, by name."""
    return {
        name: aggregate_type(frame.schema[column], what)
        for name, (what, column) in window_of(join).of.items()
    }


def require_window(join: Join, shape: DatasetSchema) -> None:
    """Raises BadProject where no row can ever be in the window."""
    here, window = f"window of {join.dataset}", window_of(join)
    if not clocks(shape):
        raise BadProject(f"{here}: found no `time`, expected one to measure it by. Declare it.")
    if window.over <= timedelta():
        raise BadProject(f"{here}: found over={duration_text(window.over)}, expected a span above zero.")
    delay = shape.delay if shape.arrived is None else None
    if delay is not None and delay >= window.over:
        raise BadProject(
            f"{here}: found over={duration_text(window.over)}, but rows are known {duration_text(delay)} "
            "after their event: none is ever in it. Widen `over`."
        )


def require_history(table: pl.DataFrame, join: Join, shape: DatasetSchema) -> None:
    """Raises BadProject where a window is longer than the time from the table's first event to its last: no
    answer would be of a whole one."""
    unit, over = unit_for(shape, table.schema), window_of(join).over
    times = ticks(table[clocks(shape)[0]].drop_nulls(), unit)
    if len(times) and int(times.max()) - int(times.min()) >= span(over, unit):
        return
    kept = "no row"
    if len(times):
        first, last = as_times([times.min(), times.max()], unit).dt.strftime("%Y-%m-%d %H:%M")
        kept = f"rows from {first} to {last} alone"
    raise BadProject(
        f"window of {join.dataset}: found over={duration_text(over)}, but its history has {kept}. "
        "Shorten `over`, or add older rows."
    )


def _rows_at(found: pl.DataFrame, places: Ints, height: int) -> pl.DataFrame:
    """The rows at these places of a frame of so many; the others are null."""
    index = np.full(height, -1, dtype=np.int64)
    index[places] = np.arange(len(places))
    rows = pl.Series(index)
    rows = rows.set(rows < 0, None)
    return frame_of(column.gather(rows) for column in found.get_columns())
