"""Declared bounds and allowed values of a column, as expressions in the type that it turned out to have."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import polars as pl

from comporta.data.missing import present
from comporta.data.types import type_text
from comporta.records import Column
from comporta.records.declared_value import declared_bound, declared_member


def breaks_bound(column: Column, dtype: pl.DataType, *, lower: bool) -> pl.Expr:
    """Which rows are below the smallest (lower) or above the largest value declared. False where one is
    missing. Raises ValueError as `declared_bound` does."""
    value = present(column.name, dtype)
    if isinstance(dtype, pl.Null):
        return value.is_not_null()
    bound = declared_bound(column.at_least if lower else column.at_most, type_text(dtype), lower=lower)
    limit = _literal(bound, dtype)
    value = _comparable(value, dtype)
    return (value < limit if lower else value > limit).fill_null(False)


def breaks_choice(column: Column, dtype: pl.DataType) -> pl.Expr:
    """Which rows have a value that is none of those allowed. Raises ValueError as `declared_member` does."""
    value = present(column.name, dtype)
    if isinstance(dtype, pl.Null):
        return value.is_not_null()
    members = [declared_member(each, type_text(dtype)) for each in column.one_of]
    value = _comparable(value, dtype)
    if isinstance(dtype, pl.Datetime):
        same = pl.any_horizontal(value == _literal(each, dtype) for each in members)
    else:
        same = value.is_in(_series(members, dtype).implode())
    return ~same & value.is_not_null()


def _comparable(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if isinstance(dtype, pl.Datetime) and dtype.time_unit == "ns":
        return value.dt.cast_time_unit("us")  # nanoseconds end in the year 2262: declared times need not
    return value.cast(pl.String) if isinstance(dtype, pl.Categorical | pl.Enum) else value


def _literal(value: Any, dtype: pl.DataType) -> pl.Expr:
    if dtype.is_integer():
        return pl.lit(value, dtype=pl.Int128)
    if dtype.is_float():
        return pl.lit(value, dtype=dtype)
    if isinstance(dtype, pl.Datetime):
        at = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
        bare = pl.lit(at, dtype=pl.Datetime("us"))
        if dtype.time_zone is None:
            return bare
        return bare.dt.replace_time_zone("UTC").dt.convert_time_zone(dtype.time_zone)
    assert not isinstance(value, datetime) or not isinstance(dtype, pl.Date), "a Date's bound is a date"
    return pl.lit(value)


def _series(members: list[Any], dtype: pl.DataType) -> pl.Series:
    if dtype.is_integer():
        return pl.Series(members, dtype=pl.Int128)
    if dtype.is_float():
        return pl.Series(members, dtype=dtype)
    kinds: dict[type, Any] = {str: pl.String, bool: pl.Boolean, date: pl.Date}
    return pl.Series(members, dtype=kinds.get(type(members[0])))
