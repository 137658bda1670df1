"""Slower tables, joined as they were known at the time of each request.

    request (at 10:05) ──▶ rows of its key with event ≤ 10:05 and arrival ≤ 10:05 ──▶ the newest of them

Newest by event, then by arrival, then by row key. A null in the newest row is its value. See
docs/why/point_in_time.md for why no engine's own ASOF join says this.
"""

from __future__ import annotations

import functools
from datetime import timedelta

import numpy as np
import polars as pl

from comporta.data.features_time import Ints, as_times, shift_times, span
from comporta.data.features_timeline import (
    NONE,
    HistoryRows,
    Timeline,
    clocks,
    require_joinable,
    timeline,
    unit_for,
)
from comporta.data.keys import row_key
from comporta.errors import BadProject
from comporta.records import DatasetSchema, Join
from comporta.records.columns import JoinColumns, join_columns
from comporta.records.named_column import by_names, frame_of


def as_of(
    requests: pl.LazyFrame,
    table: pl.LazyFrame,
    *,
    at: str | None,
    join: Join,
    shape: DatasetSchema,
    hidden: JoinColumns | None = None,
) -> pl.LazyFrame:
    """The requests, each with what was known of its key at its time: same rows, same order.

    at: the column of the requests' times (None only where `shape` has no times). join: what is matched and
    brought, how old a row may be. shape: of the table; its `arrived` column, or `time` + `delay`, says when
    a row was known. Adds the columns of `join`, then `__<dataset>_key` (canonical text of the source row's
    key), `__<dataset>_event` and `__<dataset>_arrived` (UTC; null where nothing was found or the table has
    none); hidden: instead of those three. The table's columns are held in memory, its others are not read.
    Raises BadProject when the declarations do not fit each other or the tables.
    """
    table = needed_columns(table, join, shape)
    asked, has = requests.collect_schema(), table.collect_schema()
    require_joinable(join, shape, has, asked)
    if at is not None and at not in asked:
        raise BadProject(
            f"join of {join.dataset}: found no column {at}; the requests have {', '.join(asked)}."
        )
    schema = pl.Schema({**asked, **joined_schema(join, shape, has, hidden)})
    if clash := sorted(set(asked) & set(joined_schema(join, shape, has, hidden))):
        raise BadProject(
            f"join of {join.dataset}: found the column {', '.join(clash)} on both sides. "
            "Rename it in `columns`: a dict, table column → feature."
        )

    @functools.cache
    def ready() -> Timeline:
        return timeline(table.collect(), join, shape, asked)

    def answer(frame: pl.DataFrame) -> pl.DataFrame:
        line = ready()
        return frame.hstack(
            matched_columns(line, line.match(frame, None if at is None else frame[at]), hidden)
        )

    return requests.map_batches(
        answer, schema=schema, predicate_pushdown=False, projection_pushdown=False, slice_pushdown=True
    )


def needed_columns(table: pl.LazyFrame, join: Join, shape: DatasetSchema) -> pl.LazyFrame:
    """The table less the columns that a join does not read."""
    has = table.collect_schema()
    wanted = dict.fromkeys([*join.value_columns, *join.on.values(), *shape.key, *clocks(shape)])
    if missing := sorted(set(wanted) - set(has)):
        raise BadProject(
            f"join of {join.dataset}: found no column {', '.join(missing)}; it has {', '.join(has)}."
        )
    return table.select(by_names(wanted))


def joined_schema(
    join: Join, shape: DatasetSchema, table: pl.Schema, hidden: JoinColumns | None = None
) -> dict[str, pl.DataType]:
    """The columns that a join adds, with their types."""
    hidden = hidden or join_columns([join.dataset])[0]
    time: pl.DataType = pl.Datetime(unit_for(shape, table), "UTC")
    return {
        **{name: table[column] for column, name in join.columns.items()},
        hidden.key: pl.String(),
        hidden.event: time,
        hidden.arrived: time,
    }


def matched_columns(line: HistoryRows, rows: Ints, hidden: JoinColumns | None = None) -> pl.DataFrame:
    """What `Timeline.match` found, as the columns of `joined_schema`; nulls where it found nothing."""
    hidden = hidden or join_columns([line.join.dataset])[0]
    misses = pl.Series(rows == NONE)
    index = pl.Series(rows)
    if misses.any():
        index = index.set(misses, None)
    columns = [line.frame[column].gather(index).alias(name) for column, name in line.join.columns.items()]
    event, arrived = _times(line, rows, misses)
    return frame_of(
        (
            *columns,
            _keys(line, index, misses).alias(hidden.key),
            event.alias(hidden.event),
            arrived.alias(hidden.arrived),
        )
    )


def _keys(line: HistoryRows, index: pl.Series, misses: pl.Series) -> pl.Series:
    """The canonical text of each found row's key, made on every core."""
    key = line.shape.key
    part = frame_of(line.frame[name].gather(index) for name in key)
    text = row_key(part, key).alias("key")
    size = max(10_000, -(-part.height // pl.thread_pool_size()))
    pieces = [part.lazy().slice(start, size).select(text) for start in range(0, part.height, size)]
    made = pl.concat(pl.collect_all(pieces)) if len(pieces) > 1 else part.select(text)
    return made["key"].set(misses, None) if misses.any() else made["key"]


def _times(line: HistoryRows, rows: Ints, misses: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Event and arrival of each row found."""
    if line.event is None:
        nothing = pl.Series([None] * len(rows), dtype=pl.Datetime(line.unit, "UTC"))
        return nothing, nothing

    def show(times: Ints) -> pl.Series:
        column = as_times(times, line.unit)
        return column.set(misses, None) if misses.any() else column

    nowhere = np.zeros(len(rows), dtype=np.int64)
    event = line.event[rows] if len(line.event) else nowhere
    if line.arrived is not None:
        arrived = line.arrived[rows] if len(line.arrived) else nowhere
    else:
        arrived = shift_times(event, span(line.shape.delay or timedelta(), line.unit))
    if line.shape.time is None:
        return show(event).clear(len(rows)), show(arrived)
    return show(event), show(arrived)
