"""One joined table as requests read it: in a part, or in several of which the newest that has a key answers.

A part holds all the rows of its keys. So rows that a dataset gained come as a small part with everything
that is known of the keys that gained them, no answer is ever put together from two parts, and what a
request reads is bit by bit what it would read of the table in one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import numpy as np
import polars as pl
from msgspec import UnsetType

from comporta.data.features_match import matchable
from comporta.data.features_timeline import HistoryRows, timeline
from comporta.data.online_keys import key_digests
from comporta.data.online_source import JoinLookup, physical
from comporta.data.online_timeline import TimelineIndex, timeline_index
from comporta.data.online_window import WindowIndex, window_index
from comporta.data.window_table import require_history, require_window
from comporta.records import DatasetSchema, Join, JoinedRow, Record
from comporta.records.columns import JoinColumns

TableIndex = TimelineIndex | WindowIndex
"""A table ready for requests: for its newest row, or for a window of its rows."""


class JoinedTable(Record, frozen=True, kw_only=True):
    """parts: the newest first; one at least."""

    parts: tuple[TableIndex, ...]

    @property
    def line(self) -> HistoryRows:
        """The rows of the oldest part, and what it was made ready for."""
        return rows_of_index(self.parts[-1])

    @property
    def join(self) -> Join:
        """What it was made ready for."""
        return self.line.join

    @property
    def shape(self) -> DatasetSchema:
        """Of its dataset."""
        return self.line.shape

    def lookup(self, keys: Mapping[str, Any], at: datetime | None) -> JoinLookup:
        """What one request reads; see `OnlineTables.lookup`."""
        found = None
        for part in self.parts:
            found = part.lookup(keys, at)
            if found.joined is not None:
                break
        assert found is not None
        return found

    def few(
        self, requests: pl.DataFrame, at: pl.Series | None
    ) -> tuple[pl.DataFrame, list[JoinedRow | None]]:
        """What a few requests read, and of which row or window each."""
        if len(self.parts) == 1:
            return self.parts[0].few(requests, at)
        sources: list[JoinedRow | None] = [None] * requests.height

        def ask(part: TableIndex, places: list[int]) -> pl.DataFrame:
            made, read = part.few(*_some(requests, at, places))
            for place, source in zip(places, read, strict=True):
                sources[place] = source
            return made

        return self._ask_parts(requests, ask), sources

    def read(self, requests: pl.DataFrame, at: pl.Series | None, hidden: JoinColumns) -> pl.DataFrame:
        """For each request, in order, the features and the hidden columns."""
        if len(self.parts) == 1:
            return self.parts[0].read(requests, at, hidden)
        return self._ask_parts(requests, lambda part, places: part.read(*_some(requests, at, places), hidden))

    def _ask_parts(
        self, requests: pl.DataFrame, ask: Callable[[TableIndex, list[int]], pl.DataFrame]
    ) -> pl.DataFrame:
        """What the parts answer, in the order of the requests. ask: of a part and some requests' places."""
        line = self.line
        keys = physical(matchable(requests, list(line.join.on), line.types))
        digests = key_digests(keys.iter_rows())
        chosen = np.full(requests.height, len(self.parts) - 1)
        for number in reversed(range(len(self.parts) - 1)):
            chosen[self.parts[number].keys.codes_of(digests) >= 0] = number
        groups = [(number, np.flatnonzero(chosen == number)) for number in np.unique(chosen).tolist()]
        if len(groups) < 2:
            return ask(self.parts[groups[0][0] if groups else -1], list(range(requests.height)))
        made = pl.concat([ask(self.parts[number], places.tolist()) for number, places in groups])
        return made[np.argsort(np.concatenate([places for _, places in groups]))]


def rows_of_index(index: TableIndex) -> HistoryRows:
    """The rows of a part."""
    return index.table.line if isinstance(index, WindowIndex) else index.line


def table_index(
    table: pl.DataFrame,
    join: Join,
    shape: DatasetSchema,
    requests: pl.Schema,
    *,
    version: int,
    whole: bool = False,
) -> TableIndex:
    """A table's needed columns, ready for requests. version: of its dataset. The rest as in `load_tables`.
    Raises BadProject."""
    if isinstance(join.window, UnsetType):
        return timeline_index(timeline(table, join, shape, requests, exact=True), version)
    require_window(join, shape)
    ready = window_index(timeline(table, join, shape, requests, exact=True), version)
    if whole:
        require_history(table, join, shape)
    return ready


def _some(
    requests: pl.DataFrame, at: pl.Series | None, places: list[int]
) -> tuple[pl.DataFrame, pl.Series | None]:
    if len(places) == requests.height:
        return requests, at
    return requests[places], None if at is None else at[places]
