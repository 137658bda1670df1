"""What counts as a missing value; the one place where that is decided.

A null is missing, and in a column of floats NaN as well. What pandas and numpy call NaN, NaT and NA arrives
as one of these two. Sources hand on nulls alone (`with_nulls`); versions that an earlier Comporta made may
hold NaN, so whoever counts what is there asks `present`.
"""

from __future__ import annotations

from typing import TypeVar

import polars as pl

from comporta.records.named_column import exact_column

Frame = TypeVar("Frame", pl.DataFrame, pl.LazyFrame)


def present(name: str, dtype: pl.DataType) -> pl.Expr:
    """The column's values, null where one is missing. dtype: the column's."""
    return exact_column(name).fill_nan(None) if dtype.is_float() else exact_column(name)


def with_nulls(frame: Frame) -> Frame:
    """The frame with a null for every missing value. What stands inside lists and structs stays as it is."""
    return frame.with_columns(pl.selectors.float().fill_nan(None))
