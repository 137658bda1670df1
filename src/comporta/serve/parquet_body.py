"""A Parquet body of MLflow's `/invocations`: its rows, as JSON would have brought them."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date
from typing import Any

import polars as pl

from comporta.errors import BadRequest
from comporta.http.value_length import require_short_value
from comporta.serve.columns import Values, quote
from comporta.serve.parquet_footer import ParquetLimits, broken_file, read_footer
from comporta.serve.request_rows import PER_ROW, RequestRows, rows_of_columns
from comporta.serve.schema import RequestSchema

PARQUET_TYPES = (b"application/x-parquet", b"application/vnd.apache.parquet")
"""MLflow's name, and the registered one."""
_INDEX = "__index_level_"
"""How pandas names its index."""
_INDEXES = 4


def read_invocation_parquet(body: bytes, schema: RequestSchema, rows: int, size: int) -> RequestRows:
    """The rows of a Parquet body, of flat columns. rows: at most. size: bytes of it at most, unpacked. Raises
    BadRequest."""
    columns = len(schema.names) + len(PER_ROW) + 1 + _INDEXES
    footer = read_footer(body, ParquetLimits(rows=rows, columns=columns, size=size))
    names = [name for name in footer.names if name in schema.names or not name.startswith(_INDEX)]
    frame = _read(footer.body, names)
    text = sum(_text_bytes(column) for column in frame.get_columns())
    if text > size:  # a dictionary says a text once, and each row would have its own
        raise BadRequest(
            f"the body: expected at most {size} bytes of text in its rows. Send the rows in parts.", 413
        )
    return rows_of_columns({column.name: _values(column) for column in frame}, None, rows)


def _read(body: bytes, names: list[str]) -> pl.DataFrame:
    try:
        return pl.read_parquet(
            io.BytesIO(body), columns=names, parallel="none", use_statistics=False, hive_partitioning=False,
            glob=False,
        )  # fmt: skip
    # A boundary: of a damaged body the decoder may raise anything, and what it panics with is no Exception.
    except (Exception, pl.exceptions.PanicException):
        raise broken_file() from None


def _text_bytes(column: pl.Series) -> int:
    """Of all rows. Raises BadRequest where one text is too long."""
    if column.dtype != pl.String:
        return 0
    sizes = column.str.len_bytes()
    require_short_value(int(sizes.max() or 0))  # type: ignore[arg-type]
    return int(sizes.sum())


def _values(column: pl.Series) -> Values:
    """As a request's columns are checked: numbers, booleans, text, dates and times as ISO 8601 text; missing
    as None, in an array as NaN."""
    dtype = column.dtype
    if dtype.is_float():
        return column.cast(pl.Float64).to_numpy()
    if dtype.is_integer() or dtype in (pl.Boolean, pl.String, pl.Null):
        return column.to_list()
    form = _FORMS.get(type(dtype))
    if form is None:
        raise BadRequest(
            f"column {quote(column.name)}: found Parquet's {dtype.base_type()}, expected numbers, text, "
            "booleans, dates or times."
        )
    return form(column)


def _times(column: pl.Series) -> list[Any]:
    unit, zone = getattr(column.dtype, "time_unit", "us"), getattr(column.dtype, "time_zone", None)
    digits = "%.9f" if unit == "ns" else "%.6f"
    form = f"%Y-%m-%dT%H:%M:%S{digits}" + ("" if zone is None else "Z")
    seconds = _PER_SECOND[unit]
    utc = column if zone is None else column.dt.convert_time_zone("UTC")
    return _text_within(utc, form, _FIRST_DAY * 86_400 * seconds, (_LAST_DAY + 1) * 86_400 * seconds - 1)


def _dates(column: pl.Series) -> list[Any]:
    return _text_within(column, "%Y-%m-%d", _FIRST_DAY, _LAST_DAY)


def _text_within(column: pl.Series, form: str, first: int, last: int) -> list[Any]:
    """As text; empty, which is no time, beyond the years 1 to 9999: polars writes none of these."""
    whole = column.to_physical().cast(pl.Int64)
    there = whole.is_between(max(first, -(2**63)), min(last, 2**63 - 1))
    if there.all():
        return column.dt.strftime(form).to_list()
    text = column.set(~there, None).dt.strftime(form).set(~there, "")
    return text.to_list()


_FIRST_DAY, _LAST_DAY = (day.toordinal() - date(1970, 1, 1).toordinal() for day in (date.min, date.max))
_PER_SECOND = {"ms": 10**3, "us": 10**6, "ns": 10**9}
_FORMS: dict[type[pl.DataType], Callable[[pl.Series], list[Any]]] = {pl.Datetime: _times, pl.Date: _dates}
