"""Whether a window of rows held a certain row, and which rows it held."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import polars as pl
from msgspec import UnsetType

from comporta.data import key_text, manifest_of, scan_slice, slice_of
from comporta.data.features_time import as_times, span, ticks
from comporta.data.features_timeline import clocks, unit_for
from comporta.data.keys import row_key
from comporta.opened.project import OpenProject
from comporta.records import DatasetSchema, Join, JoinedRow, Record, decode, encode
from comporta.records.columns import AT, JoinColumns


class WindowedRow(Record, frozen=True, kw_only=True):
    """A row as the windows of one join see it. columns: in which training rows say what that join read. key:
    the values that are matched, as text. event, arrived: of the row."""

    join: Join
    columns: JoinColumns
    key: str
    event: datetime
    arrived: datetime

    @property
    def key_in_log(self) -> str:
        """What a logged window of it has in it, in these characters."""
        values = decode(self.key, list[Any])
        return encode(dict(zip(self.join.on.values(), values, strict=True))).decode()

    def is_in(self, joined: JoinedRow) -> bool:
        """Whether a request's window held it."""
        newest = joined.event or joined.arrived
        if isinstance(joined.since, UnsetType) or newest is None or joined.arrived is None:
            return False
        return (
            joined.dataset == self.join.dataset
            and encode(joined.key).decode() == self.key_in_log
            and joined.since < self.event <= newest
            and self.arrived <= joined.arrived
        )

    def training_rows(self, frame: pl.DataFrame) -> pl.Series:
        """Which rows of a feature table read it. frame: with the hidden columns of the join."""
        names, window = self.columns, self.join.window
        assert not isinstance(window, UnsetType)
        if not {AT, names.key, names.event, names.arrived} <= set(frame.columns):
            return pl.Series([False]).new_from_index(0, frame.height)
        newest = pl.coalesce(names.event, names.arrived)
        until = pl.lit(self.event + window.over) if self._ends_in_time(window.over) else pl.lit(None)
        holds = (
            (pl.col(names.key) == self.key)
            & (pl.lit(self.event) <= newest)
            & (pl.lit(self.arrived) <= pl.col(names.arrived))
            & (pl.col(AT) < until).fill_null(True)
        )
        return frame.select(holds.fill_null(False).alias("holds"))["holds"]

    def _ends_in_time(self, over: timedelta) -> bool:
        return over < datetime.max.replace(tzinfo=self.event.tzinfo) - self.event


def windowed_rows(
    joins: Iterable[tuple[Join, JoinColumns]], shape: DatasetSchema, row: pl.DataFrame
) -> list[WindowedRow]:
    """A row as each of these joins' windows of its dataset sees it. row: one row, with all its columns."""
    if not clocks(shape) or any(row[name][0] is None for name in clocks(shape)):
        return []
    unit = unit_for(shape, row.schema)
    times = [ticks(row[name], unit) for name in clocks(shape)]
    if len(times) == 1:
        times.append(times[0] + span(shape.delay or timedelta(), unit))
    event, arrived = (as_times(each, unit)[0] for each in times)
    return [
        WindowedRow(
            join=join,
            columns=columns,
            key=key_text([row[name][0] for name in join.on.values()]),
            event=event,
            arrived=arrived,
        )
        for join, columns in joins
        if join.dataset == shape.name and not isinstance(join.window, UnsetType)
    ]


def rows_in_window(opened: OpenProject, joined: JoinedRow) -> tuple[DatasetSchema, pl.DataFrame]:
    """The rows that a request's window held, newest first, as they stand in the version that it read. Raises
    NotFound where that is no longer kept."""
    part = slice_of(opened.store, opened.keys, joined.dataset, number=joined.version)
    shape = manifest_of(opened.store, opened.keys, joined.dataset, joined.version).shape
    rows = scan_slice(opened.store, opened.keys, part)
    names = list(joined.key)
    mine = row_key(rows, names) == key_text(list(joined.key.values()))
    found = rows.filter(mine).collect()
    if isinstance(joined.since, UnsetType) or joined.arrived is None:
        return shape, found.clear()
    unit = unit_for(shape, found.schema)
    times = [as_times(ticks(found[name], unit), unit) for name in clocks(shape)]
    event = times[0]
    arrived = times[1] if len(times) > 1 else event + (shape.delay or timedelta())
    newest = joined.event or joined.arrived
    held = (event > joined.since) & (event <= newest) & (arrived <= joined.arrived)
    return shape, found.with_columns(event.alias(AT)).filter(held).sort(AT, descending=True).drop(AT)
