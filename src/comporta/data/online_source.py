"""What a request read of one table's history, as it is logged beside the answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
from msgspec import UNSET, UnsetType

from comporta.data.features_match import matchable
from comporta.data.few_rows import frame_of_rows
from comporta.data.history_column import HistoryColumn
from comporta.records import DatasetSchema, Join, JoinedRow, Record, decode

JoinKey = tuple[Any, ...]


class JoinLookup(Record, frozen=True, kw_only=True):
    """What one request reads of one table. values: by feature name. joined: its source; None: nothing."""

    values: dict[str, Any]
    joined: JoinedRow | None


def joined_row(
    join: Join,
    version: int,
    key: dict[str, Any],
    event: datetime | None,
    arrived: datetime | None,
    at: datetime | None,
) -> JoinedRow:
    """The source. key: of a row that of its dataset, of a window what was matched. at: the request's time."""
    window = join.window
    since = UNSET if isinstance(window, UnsetType) else since_of(at, window.over)
    return JoinedRow(
        dataset=join.dataset, version=version, key=key, event=event, arrived=arrived, since=since
    )


def key_parts(names: Sequence[str], text: str) -> dict[str, Any]:
    """A key told by column, as plain JSON values. text: its canonical text."""
    return dict(zip(names, decode(text, list[Any]), strict=True))


def key_names(join: Join, shape: DatasetSchema) -> tuple[str, ...]:
    """The columns that name what a join read: of a row its dataset's key, of a window what was matched."""
    return shape.key if isinstance(join.window, UnsetType) else tuple(join.on.values())


def since_of(at: datetime | None, over: timedelta) -> datetime | UnsetType:
    """When the window of a request at this time begins; the first of all times where that is before them."""
    if at is None:
        return UNSET
    aware = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    try:
        return aware - over
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)


PLAIN = (pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.Float32, pl.Float64, pl.String, pl.Boolean, pl.Date)
"""Types whose values lose nothing as Python's, so that one frame can be made of all at once."""


def plain_frame(
    columns: Sequence[tuple[str, HistoryColumn]],
    height: int,
    values: Callable[[HistoryColumn], list[Any]],
    gather: Callable[[HistoryColumn], pl.Series],
) -> pl.DataFrame:
    """Columns of a few rows: one frame of all whose values are plain, which is the quickest, the others one
    by one. values, gather: what a column has in these rows."""
    types = {name: column.dtype for name, column in columns}
    none = [None] * height
    made = [values(column) if column.dtype in PLAIN else none for _, column in columns]
    frame = frame_of_rows([dict(zip(types, row, strict=True)) for row in zip(*made, strict=True)], types)
    others = [gather(column).alias(name) for name, column in columns if column.dtype not in PLAIN]
    return frame.with_columns(others) if others else frame


_UTC_MICROSECONDS = pl.Datetime("us", "UTC")


def usual_times(at: pl.Series | None) -> list[datetime | None] | None:
    """The times of requests as servers have them, in UTC and microseconds: Python's own integers are then
    quicker than an array of one. None of others."""
    return at.to_list() if at is not None and at.dtype == _UTC_MICROSECONDS else None


def is_plain_key(types: Sequence[pl.DataType]) -> bool:
    """Whether keys of these types are compared, and logged, as the Python values that requests hold."""
    return all(dtype in (pl.Int64, pl.String, pl.Boolean) for dtype in types)


def request_keys(
    requests: pl.DataFrame, names: Sequence[str], types: list[pl.DataType], *, plain: bool
) -> list[JoinKey]:
    """The key of each request, as groups of slots are named by it. plain: as `is_plain_key` says."""
    if plain and len(names) == 1:
        column = requests[names[0]]
        if column.dtype == types[0]:
            return [(value,) for value in column.to_list()]
    elif plain:
        columns = [requests[name] for name in names]
        # Not made a frame of: that takes longer than all the rest.
        if [column.dtype for column in columns] == types:
            return list(zip(*(column.to_list() for column in columns), strict=True))
    return physical(matchable(requests, list(names), types)).rows()


def physical(keys: pl.DataFrame) -> pl.DataFrame:
    """Times as the integers that `key_value` makes of them."""
    timed = any(isinstance(dtype, pl.Datetime) for dtype in keys.dtypes)
    return keys.with_columns(pl.col(pl.Datetime).to_physical()) if timed else keys
