"""What counts as a missing value; the one place where that is decided.

A null is missing, and in a column of floats NaN as well. What pandas and numpy call NaN, NaT and NA arrives
as one of these two. Sources hand on nulls alone (`with_nulls`); versions that an earlier Comporta made may
hold NaN, so whoever counts what is there asks `present`.
"""

from __future__ import annotations

import polars as pl

from comporta.records.named_column import named


def present(name: str, dtype: pl.DataType) -> pl.Expr:
    """The column's values, null where one is missing. dtype: the column's."""
    return named(name).fill_nan(None) if dtype.is_float() else named(name)


def with_nulls(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with a null for every missing value. What stands inside lists and structs stays as it is."""
    lacking = [
        column.fill_nan(None)
        for column in frame.get_columns()
        if column.dtype.is_float() and _has_nan(column)
    ]
    return frame.with_columns(lacking) if lacking else frame


def scan_with_nulls(frame: pl.LazyFrame) -> pl.LazyFrame:
    """`with_nulls` of a frame that is not read yet."""
    return frame.with_columns(pl.selectors.float().fill_nan(None))


def _has_nan(column: pl.Series) -> bool:
    return bool(column.is_nan().any())
