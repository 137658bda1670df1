"""History for requests: what a join answers for a table, answered for one row in microseconds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import polars as pl

from comporta.data.asof import needed_columns
from comporta.data.features import FeaturePlan
from comporta.data.features_history import joined_frame, require_tables
from comporta.data.online_source import JoinLookup, joined_row, key_names, key_parts
from comporta.data.online_table import JoinedTable, table_index
from comporta.errors import NotFound
from comporta.records import DatasetSchema, Join, JoinedRow, Record
from comporta.records.columns import JoinColumns, join_columns

FEW = 16

JoinedSources = list[tuple[JoinedRow, ...]]


class OnlineTables(Record, frozen=True, kw_only=True):
    """The tables of a plan's joins. versions: of each dataset, as `JoinedRow` tells them."""

    tables: tuple[JoinedTable, ...]
    join_columns: tuple[JoinColumns, ...]
    versions: Mapping[str, int]

    def lookup(self, join: Join, keys: Mapping[str, Any], at: datetime | None) -> JoinLookup:
        """What one request reads. keys: request column → value. at: its time, naive meaning UTC; None only
        for a table without times. Raises BadRequest on a value of another type, NotFound when the join is
        none of the plan's."""
        found = next((each for each in self.tables if each.join == join), None)
        if found is None:
            raise NotFound(f"found no join of {join.dataset} with these columns among those prepared.")
        return found.lookup(keys, at)

    def read(self, requests: pl.DataFrame, at: pl.Series | None) -> pl.DataFrame:
        """For each request, in order, the columns of every join, and its hidden ones."""
        return joined_frame(
            self.join_columns,
            (
                table.read(requests, at, hidden)
                for table, hidden in zip(self.tables, self.join_columns, strict=True)
            ),
        )

    def few(self, requests: pl.DataFrame, at: pl.Series | None) -> tuple[pl.DataFrame, JoinedSources]:
        """`read` and `sources_of` of a few rows at once, without the frame of hidden columns between."""
        if not self.tables:
            return pl.DataFrame(), [()] * requests.height
        joined, first = self.tables[0].few(requests, at)
        sources: JoinedSources = [() if row is None else (row,) for row in first]
        for table in self.tables[1:]:
            part, rows = table.few(requests, at)
            joined = joined.hstack(part)
            sources = [
                source if row is None else (*source, row) for source, row in zip(sources, rows, strict=True)
            ]
        return joined, sources

    def sources_of(self, hidden: pl.DataFrame, at: pl.Series) -> JoinedSources:
        """The sources of each row, from its hidden columns. at: the time of each."""
        sources: list[list[JoinedRow]] = [[] for _ in range(len(at))]
        times = at.to_list()
        for table, names in zip(self.tables, self.join_columns, strict=True):
            join, key = table.join, key_names(table.join, table.shape)
            version = self.versions.get(join.dataset, 0)
            columns = (hidden[name].to_list() for name in (names.key, names.event, names.arrived))
            for source, time, (text, event, arrived) in zip(
                sources, times, zip(*columns, strict=True), strict=True
            ):
                if text is not None:
                    source.append(joined_row(join, version, key_parts(key, text), event, arrived, time))
        return [tuple(each) for each in sources]


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
    whole: bool = True,
) -> OnlineTables:
    """The tables of these joins in this process's memory, ready for requests. frames: by dataset. requests:
    the types of the columns that will ask. versions: the number of each dataset's version. whole: as in
    `load_tables`. Raises BadProject."""
    require_tables(frames, joins)
    numbers = dict(versions or {})

    def load(join: Join) -> JoinedTable:
        shape = shapes[join.dataset]
        table = needed_columns(frames[join.dataset], join, shape).collect()
        return JoinedTable(
            parts=(
                table_index(table, join, shape, requests, version=numbers.get(join.dataset, 0), whole=whole),
            )
        )

    return tables_of(tuple(map(load, joins)), numbers)


def tables_of(tables: tuple[JoinedTable, ...], versions: Mapping[str, int]) -> OnlineTables:
    """The tables of a plan's joins, in their order."""
    hidden = join_columns(each.join.dataset for each in tables)
    return OnlineTables(tables=tables, join_columns=hidden, versions=versions)


Answerer = Callable[[pl.DataFrame, pl.Series], tuple[pl.DataFrame, JoinedSources]]


def feature_function(plan: FeaturePlan, latest: LatestTables) -> Answerer:
    """The request path: (raw columns, one UTC time a row) → (features, the rows of history each row read)."""

    def answer(raw: pl.DataFrame, at: pl.Series) -> tuple[pl.DataFrame, JoinedSources]:
        history = latest.online
        if raw.height > FEW:
            features, hidden = plan.apply(raw, history, at)
            return features, history.sources_of(hidden, at)
        known = plan.select_known(raw)
        joined, sources = history.few(known, at)
        return plan.make_features(known, joined), sources

    return answer
