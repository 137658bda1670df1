"""Rows of a part of time: from one instant to another, in the type that their column has."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime

import polars as pl

from comporta.records import DatasetSchema
from comporta.records.named_column import exact_column


def in_bounds(
    frame: pl.LazyFrame,
    shape: DatasetSchema,
    schema: Mapping[str, pl.DataType],
    since: datetime | None,
    until: datetime | None,
) -> pl.LazyFrame:
    """The rows with since <= time < until."""
    if shape.time is None:
        return frame
    dtype = schema[shape.time]
    if since is not None:
        frame = frame.filter(exact_column(shape.time) >= _instant(since, dtype))
    if until is not None:
        frame = frame.filter(exact_column(shape.time) < _instant(until, dtype))
    return frame


def _instant(at: datetime, dtype: pl.DataType) -> pl.Expr:
    """The instant in the column's own type; a column without a zone is in UTC."""
    instant = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    if not isinstance(dtype, pl.Datetime):
        # A day counts from its midnight: the first day at or after the bound.
        day = date(instant.year, instant.month, instant.day)
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        return pl.lit(day) if instant == midnight else pl.lit(day) + pl.duration(days=1)
    bare = pl.lit(instant.replace(tzinfo=None), dtype=pl.Datetime(dtype.time_unit))
    if dtype.time_zone is None:
        return bare
    return bare.dt.replace_time_zone("UTC").dt.convert_time_zone(dtype.time_zone)
