"""A column's type, stored as text, is read in one place."""

from __future__ import annotations

import polars as pl
import pytest

from comporta.data.types import parse_type, type_text
from comporta.records import Field
from comporta.records.column_type import base_type, type_kind

KINDS = {
    "whole": [pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64, pl.Int128],
    "real": [pl.Float32, pl.Float64],
    "decimal": [pl.Decimal(10, 2)],
    "boolean": [pl.Boolean],
    "text": [pl.String],
    "category": [pl.Categorical, pl.Enum(["a", "b, (c)"])],
    "date": [pl.Date],
    "datetime": [pl.Datetime("ns"), pl.Datetime("us", "Europe/Lisbon")],
    "time": [pl.Time],
    "duration": [pl.Duration("ms")],
    "null": [pl.Null],
    "other": [pl.List(pl.Int64), pl.Struct({"a": pl.Datetime}), pl.Binary],
}


@pytest.mark.parametrize("kind", KINDS)
def test_polars_agrees_of_which_kind_the_text_of_each_of_its_types_is(kind: str) -> None:
    tells = {
        "whole": lambda dtype: dtype.is_integer(),
        "real": lambda dtype: dtype.is_float(),
        "decimal": lambda dtype: dtype.is_decimal(),
        "other": lambda dtype: dtype.is_nested() or dtype == pl.Binary,
    }
    for each in KINDS[kind]:
        dtype = each() if isinstance(each, type) else each
        text = type_text(dtype)
        assert type_kind(text) == Field(name="x", type=text).kind == kind
        assert tells.get(kind, lambda dtype: True)(dtype)
        assert parse_type(text) == dtype
        assert base_type(text) == type(dtype).__name__
