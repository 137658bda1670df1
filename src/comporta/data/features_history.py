"""Every joined table of a plan made ready, and asked together."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import polars as pl
from msgspec import UnsetType

from comporta.data.asof import matched_columns, needed_columns
from comporta.data.features_timeline import Timeline, timeline
from comporta.data.window_table import WindowTable, require_history, window_table
from comporta.errors import BadProject
from comporta.records import DatasetSchema, Join, Record
from comporta.records.columns import JoinColumns, join_columns

HistoryTable = Timeline | WindowTable
"""A joined table ready to be asked: for its newest row, or for a window of its rows."""


class TimelineTables(Record, frozen=True, kw_only=True):
    """lines: one for each join, in order. join_columns: the columns in which they say what was read."""

    lines: tuple[HistoryTable, ...]
    join_columns: tuple[JoinColumns, ...]

    def read(self, requests: pl.DataFrame, at: pl.Series | None) -> pl.DataFrame:
        """For each request, in order, the columns of every join, and its hidden ones."""
        return joined_frame(
            self.join_columns,
            (
                read_table(line, requests, at, hidden)
                for line, hidden in zip(self.lines, self.join_columns, strict=True)
            ),
        )


def load_tables(
    frames: Mapping[str, pl.LazyFrame],
    joins: tuple[Join, ...],
    shapes: Mapping[str, DatasetSchema],
    requests: pl.Schema,
    *,
    whole: bool = True,
) -> TimelineTables:
    """The tables of these joins, their needed columns in memory. frames: by dataset. requests: the types of
    the columns that will ask. whole: whether a window may not be longer than its table's history. Raises
    BadProject when a table is missing or a declaration does not fit."""
    require_tables(frames, joins)

    def load(join: Join) -> HistoryTable:
        shape = shapes[join.dataset]
        table = needed_columns(frames[join.dataset], join, shape).collect()
        if isinstance(join.window, UnsetType):
            return timeline(table, join, shape, requests)
        ready = window_table(table, join, shape, requests)
        if whole:
            require_history(table, join, shape)
        return ready

    return TimelineTables(
        lines=tuple(load(join) for join in joins),
        join_columns=join_columns(join.dataset for join in joins),
    )


def read_table(
    line: HistoryTable, requests: pl.DataFrame, at: pl.Series | None, hidden: JoinColumns
) -> pl.DataFrame:
    """For each request, in order, the columns of one join, and its hidden ones."""
    if isinstance(line, WindowTable):
        return line.read(requests, at, hidden)
    return matched_columns(line, line.match(requests, at), hidden)


def require_tables(frames: Collection[str], joins: tuple[Join, ...]) -> None:
    """Raises BadProject where a join is of none of these datasets."""
    if missing := sorted({join.dataset for join in joins} - set(frames)):
        raise BadProject(
            f"join of {missing[0]}: found no such table, expected one of {', '.join(frames) or 'none'}."
        )


def joined_frame(hidden: tuple[JoinColumns, ...], parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """The columns of every join side by side. parts: what each of them answers."""
    whole = pl.DataFrame()
    for columns, part in zip(hidden, parts, strict=True):
        if clash := sorted(set(part.columns) & set(whole.columns)):
            raise BadProject(
                f"join of {columns.dataset}: found {', '.join(clash)} joined from two tables. Rename one "
                "in `columns`: a dict, table column → feature."
            )
        whole = whole.hstack(part) if whole.width else part
    return whole
