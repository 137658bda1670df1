"""One raw column: what a request may hold for it, and its values as polars wants them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from enum import Enum
from math import isfinite
from typing import Any, Literal

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from comporta.errors import BadProject, wording
from comporta.records import Field
from comporta.records.column_type import base_type
from comporta.records.instant import FinerThanMicroseconds, parse_time
from comporta.serve.bad_row import BadRow

Kind = Literal["int", "float", "bool", "text", "datetime", "date"]

_INT = re.compile(r"(U?)Int(8|16|32|64)")
_UNIT = re.compile(r"time_unit='(ms|us|ns)'")
_ZONE = re.compile(r"time_zone='([^']+)'")
_LARGEST = 2**1023
_EXACT = 2.0**53
# What 64 bits of nanoseconds hold, in whole seconds.
_FIRST, _LAST = datetime(1677, 9, 21, 0, 12, 44), datetime(2262, 4, 11, 23, 47, 16)
_DATE, _MIDNIGHT = len("2026-01-31"), time(0)
_MANY = 64
_TYPES: dict[Kind, frozenset[type]] = {
    "int": frozenset({int, float}),
    "float": frozenset({int, float}),
    "bool": frozenset({bool, int, float}),
    "text": frozenset({str}),
    "datetime": frozenset({str}),
    "date": frozenset({str}),
}
V2_TYPES: dict[Kind, str] = {
    "int": "INT64",
    "float": "FP64",
    "bool": "BOOL",
    "text": "BYTES",
    "datetime": "BYTES",
    "date": "BYTES",
}


class RequestColumn(msgspec.Struct, frozen=True):
    """One raw column. low, high: what a whole number may be. zone: of its times; None: without one."""

    name: str
    kind: Kind
    nullable: bool
    values: frozenset[str]
    dtype: Any
    low: int = 0
    high: int = 0
    zone: str | None = None


def column_of(field: Field) -> RequestColumn:
    """The column of a field. Raises BadProject when its type cannot be served."""
    values = frozenset(field.values)
    match = _INT.fullmatch(field.type)
    if match:
        bits, unsigned = int(match[2]), bool(match[1])
        low, high = (0, 2**bits - 1) if unsigned else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        return RequestColumn(field.name, "int", field.nullable, values, getattr(pl, field.type), low, high)
    if field.type in ("Float64", "Float32"):
        return RequestColumn(field.name, "float", field.nullable, values, getattr(pl, field.type))
    if field.kind == "boolean":
        return RequestColumn(field.name, "bool", field.nullable, values, pl.Boolean, 0, 1)
    if field.kind == "text":
        return RequestColumn(field.name, "text", field.nullable, values, pl.String)
    if field.kind == "category":
        closed = base_type(field.type) == "Enum" and field.values
        dtype = pl.Enum(list(field.values)) if closed else pl.Categorical
        return RequestColumn(field.name, "text", field.nullable, values, dtype)
    if field.kind == "date":
        return RequestColumn(field.name, "date", field.nullable, values, pl.Date)
    if field.kind == "datetime":
        unit, zone = _UNIT.search(field.type), _ZONE.search(field.type)
        when = pl.Datetime(unit[1] if unit else "us", zone[1] if zone else None)  # type: ignore[arg-type]
        return RequestColumn(
            field.name, "datetime", field.nullable, values, when, zone=zone[1] if zone else None
        )
    raise BadProject(
        f"column {field.name}: found the type {field.type}, expected a number, text, boolean, date or time. "
        "A model that reads another type cannot be served; convert it among the features."
    )


Values = list[Any] | NDArray[Any]
"""A column's values; those of an array are checked and made together. Missing is None, in an array NaN."""


def read_column(column: RequestColumn, values: Sequence[Any] | NDArray[Any], strict: bool = False) -> Values:
    """The values as the column wants them. strict: only words that it knows. Raises BadRequest."""
    if isinstance(values, np.ndarray):
        if column.kind == "float" and values.dtype.kind in "fiu":
            return _finite(column, values.astype(np.float64))
        if column.kind == "bool" and values.dtype.kind == "b":
            return values.copy()
        values = as_list(values)
    kinds = set(map(type, values))
    if type(None) in kinds:
        if not column.nullable:
            raise bad_column(column, _first(values, lambda value: value is None), "a missing value")
        kinds.discard(type(None))
    if not kinds <= _TYPES[column.kind]:
        row = _first(values, lambda value: value is not None and type(value) not in _TYPES[column.kind])
        found = type(values[row])
        raise bad_column(
            column,
            row,
            Mismatch.NUMBER
            if found in (int, float)
            else wording("true or false")
            if found is bool
            else "text"
            if found is str
            else "a list or object",
        )
    if column.kind == "int":
        return _whole(column, values, float in kinds)
    if column.kind == "float":
        return _floats(column, values)
    if column.kind == "text":
        if strict:
            _check_known(column, values)
        return list(values)
    if column.kind == "bool":
        return _booleans(column, values) if kinds - {bool} else list(values)
    if column.kind == "datetime":
        return [_datetime(column, row, value) for row, value in enumerate(values)]
    return [_date(column, row, value) for row, value in enumerate(values)]


def as_list(values: Sequence[Any] | NDArray[Any]) -> list[Any]:
    """Python values; NaN of an array is a missing value."""
    if isinstance(values, list):
        return values
    found: list[Any] = values.tolist() if isinstance(values, np.ndarray) else list(values)
    if isinstance(values, np.ndarray) and values.dtype.kind == "f":
        return [None if value != value else value for value in found]
    return found


def _check_known(column: RequestColumn, values: Sequence[Any]) -> None:
    if column.values.issuperset(set(values) - {None}):
        return
    row = _first(values, lambda value: value is not None and value not in column.values)
    if row >= 0:
        raise BadRow(
            f"column {quote(column.name)}",
            [row],
            "found a value this model never saw and cannot answer for, expected one of the "
            f"{len(column.values)} it knows. The model's metadata lists them.",
        )


def _whole(column: RequestColumn, values: Sequence[Any], floats: bool) -> list[Any]:
    if floats:
        row = _first(values, lambda value: type(value) is float and not value.is_integer())
        if row >= 0:
            fraction = isfinite(values[row])
            raise bad_column(column, row, "a fraction" if fraction else "a number that is not finite")
        # Written as a fraction or with an exponent it was read as a double, which may have rounded it.
        row = _first(values, lambda value: type(value) is float and abs(value) >= _EXACT)
        if row >= 0:
            raise bad_column(column, row, Mismatch.LARGE_FRACTION)
        values = [value if value is None else int(value) for value in values]
    known = [value for value in values if value is not None]
    if known and (min(known) < column.low or max(known) > column.high):
        row = _first(values, lambda value: value is not None and not column.low <= value <= column.high)
        raise bad_column(column, row, "a number too large")
    return list(values)


def _booleans(column: RequestColumn, values: Sequence[Any]) -> list[Any]:
    """Of 1 and 0 too, as numbers."""
    row = _first(values, lambda value: value is not None and value not in (0, 1))
    if row >= 0:
        raise bad_column(column, row, "a number other than 0 and 1")
    return [None if value is None else bool(value) for value in values]


def _floats(column: RequestColumn, values: Sequence[Any]) -> Values:
    row = -1
    try:
        if len(values) > _MANY:
            return _finite(column, np.array(values, dtype=np.float64))
        floats = [value if value is None else float(value) for value in values]
    except OverflowError:
        row = _first(values, lambda value: value is not None and abs(value) > _LARGEST)
    else:
        if column.nullable:
            floats = [None if value != value else value for value in floats]
        row = _first(floats, lambda value: value is not None and (value - value) != 0)
    if row >= 0:
        raise bad_column(column, row, "a number that is not finite or too large")
    return floats


def _finite(column: RequestColumn, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same. Raises BadRequest on what is infinite, or missing where nothing may be."""
    with np.errstate(over="ignore"):  # values near the largest: looked at one by one below
        total = np.add.reduce(numbers)
    if not np.isfinite(total):
        missing = np.isnan(numbers)
        if not column.nullable and missing.any():
            raise bad_column(column, int(missing.argmax()), "a missing value")
        endless = np.isinf(numbers)
        if endless.any():
            raise bad_column(column, int(endless.argmax()), "a number that is not finite or too large")
    return numbers


def _datetime(column: RequestColumn, row: int, value: Any) -> datetime | None:
    if value is None:
        return None
    try:
        moment = parse_time(value)
        if (moment.tzinfo is None) != (column.zone is None):
            bare = moment.tzinfo is None
            raise bad_column(column, row, Mismatch.TIME_WITHOUT_ZONE if bare else Mismatch.TIME_WITH_ZONE)
        moment = moment if moment.tzinfo is None else moment.astimezone(UTC)
        if column.dtype.time_unit == "ns" and not _FIRST <= moment.replace(tzinfo=None) <= _LAST:
            raise bad_column(column, row, f"a time before {_FIRST.year + 1} or after {_LAST.year - 1}")
        return moment
    except FinerThanMicroseconds:
        raise bad_column(column, row, Mismatch.FINER_TIME) from None
    except (ValueError, OverflowError):
        raise bad_column(column, row, "text that is no time") from None


def _date(column: RequestColumn, row: int, value: Any) -> date | None:
    if value is None:
        return None
    try:
        if len(value) > _DATE:
            # pandas writes dates as times at midnight.
            moment = parse_time(value)
            if moment.time() != _MIDNIGHT:
                raise bad_column(column, row, "a time of the day")
            return moment.date()
        return date.fromisoformat(value)
    except FinerThanMicroseconds:
        raise bad_column(column, row, "a time of the day") from None
    except ValueError:
        raise bad_column(column, row, "text that is no date") from None


class Mismatch(Enum):
    """What is found where a library writes it by itself, so that there is something to advise."""

    NUMBER = "a number"
    TIME_WITHOUT_ZONE = "a time without a time zone"
    TIME_WITH_ZONE = "a time with a time zone"
    FINER_TIME = wording("a time finer than microseconds")
    LARGE_FRACTION = wording("a number of 2^53 or more with a point or an exponent")


def bad_column(column: RequestColumn, row: int, found: str | Mismatch) -> BadRow:
    """What was found in a row of this column, and what it takes; never the value itself."""
    kind = column.kind
    return BadRow(
        f"column {quote(column.name)}",
        [row],
        f"found {found.value if isinstance(found, Mismatch) else found}, expected "
        + (
            wording(f"whole numbers from {column.low} to {column.high}")
            if kind == "int"
            else "numbers"
            if kind == "float"
            else wording("true or false")
            if kind == "bool"
            else wording("dates as ISO 8601 text")
            if kind == "date"
            else "text"
            if kind == "text"
            else wording("times as ISO 8601 text with a time zone, as in 2026-01-31T12:00:00Z")
            if column.zone
            else wording("times as ISO 8601 text without a time zone")
        )
        + (" or null." if column.nullable else ".")
        + (_ADVICE.get((kind, found), "") if isinstance(found, Mismatch) else ""),
    )


_ADVICE = {
    (kind, Mismatch.NUMBER): wording(
        ' pandas writes times as such numbers: to_json(date_format="iso") writes text.'
    )
    for kind in ("date", "datetime")
} | {
    ("datetime", Mismatch.TIME_WITHOUT_ZONE): wording(
        ' In pandas: column.dt.tz_localize("UTC"), or your own zone.'
    ),
    ("datetime", Mismatch.TIME_WITH_ZONE): wording(" In pandas: column.dt.tz_localize(None)."),
    ("int", Mismatch.LARGE_FRACTION): wording(" Write its digits, without a point or an exponent."),
    ("datetime", Mismatch.FINER_TIME): wording(' Round it; in pandas: column.dt.floor("us").'),
}
"""What to change, by the column's kind and what was found, where a library writes it by itself."""


def _first(values: Sequence[Any], wrong: Callable[[Any], bool]) -> int:
    return next((row for row, value in enumerate(values) if wrong(value)), -1)


def quote(text: str) -> str:
    """A name as it may be shown: short, and on one line."""
    return repr(text if len(text) <= 60 else text[:57] + "...")


def first_names(names: Sequence[str]) -> str:
    """A few of the names, and how many more."""
    first = ", ".join(quote(name) for name in names[:3])
    return first if len(names) <= 3 else f"{first} and {len(names) - 3} more"
