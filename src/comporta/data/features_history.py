"""Every joined table of a plan made ready, and asked together."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import polars as pl

from comporta.data.asof import matched_columns, needed_columns
from comporta.data.features_time import Ints
from comporta.data.features_timeline import Timeline, timeline
from comporta.errors import BadProject
from comporta.records import DatasetSchema, Join, Record
from comporta.records.columns import JoinColumns, join_columns


class TimelineTables(Record, frozen=True, kw_only=True):
    """lines: one for each join, in order. join_columns: the columns in which they say what was read."""

    lines: tuple[Timeline, ...]
    join_columns: tuple[JoinColumns, ...]

    def read(self, requests: pl.DataFrame, at: pl.Series | None) -> pl.DataFrame:
        """For each request, in order, the columns of every join, and its hidden ones."""
        return joined_frame(self.lines, self.join_columns, lambda line: line.match(requests, at))


def load_tables(
    frames: Mapping[str, pl.LazyFrame],
    joins: tuple[Join, ...],
    shapes: Mapping[str, DatasetSchema],
    requests: pl.Schema,
    *,
    exact: bool = False,
) -> TimelineTables:
    """The tables of these joins, their needed columns in memory. frames: by dataset. requests: the types of
    the columns that will ask. Raises BadProject when a table is missing or a declaration does not fit."""
    if missing := sorted({join.dataset for join in joins} - set(frames)):
        raise BadProject(
            f"join of {missing[0]}: found no such table, expected one of {', '.join(frames) or 'none'}."
        )
    lines = tuple(
        timeline(
            needed_columns(frames[join.dataset], join, shapes[join.dataset]).collect(),
            join,
            shapes[join.dataset],
            requests,
            exact=exact,
        )
        for join in joins
    )
    return TimelineTables(lines=lines, join_columns=join_columns(join.dataset for join in joins))


def joined_frame(
    lines: tuple[Timeline, ...], hidden: tuple[JoinColumns, ...], rows: Callable[[Timeline], Ints]
) -> pl.DataFrame:
    """The columns of every join side by side. rows: of a line's frame, for each request."""
    whole = pl.DataFrame()
    for line, columns in zip(lines, hidden, strict=True):
        part = matched_columns(line, rows(line), columns)
        if clash := sorted(set(part.columns) & set(whole.columns)):
            raise BadProject(
                f"join of {line.join.dataset}: found {', '.join(clash)} joined from two tables. Rename one "
                "in `columns`: a dict, table column → feature."
            )
        whole = whole.hstack(part) if whole.width else part
    return whole
