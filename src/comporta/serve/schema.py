"""A model's signature, made ready to check requests: what each raw column takes, and what it refuses."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, Literal

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from comporta.errors import BadProject, BadRequest
from comporta.records import Field, Signature

Kind = Literal["int", "float", "bool", "text", "datetime", "date"]
META = ("key", "subject", "unit")

_INT = re.compile(r"(U?)Int(8|16|32|64)")
_ZONE = re.compile(r"time_zone='([^']+)'|, ?'?([A-Z][\w/+-]+)'?\)$")
_TYPES: dict[Kind, frozenset[type]] = {
    "int": frozenset({int, float}),
    "float": frozenset({int, float}),
    "bool": frozenset({bool}),
    "text": frozenset({str}),
    "datetime": frozenset({str}),
    "date": frozenset({str}),
}
_EXPECTED: dict[Kind, str] = {
    "int": "whole numbers",
    "float": "numbers",
    "bool": "true or false",
    "text": "text",
    "datetime": "times as ISO 8601 text",
    "date": "dates as ISO 8601 text",
}
_FOUND = {int: "a number", float: "a number", bool: "true or false", str: "text", type(None): "null"}
V2_TYPES: dict[Kind, str] = {
    "int": "INT64",
    "float": "FP64",
    "bool": "BOOL",
    "text": "BYTES",
    "datetime": "BYTES",
    "date": "BYTES",
}


class Column(msgspec.Struct, frozen=True):
    """One raw column. low, high: what a whole number may be. zone: of its times; None: without one."""

    name: str
    kind: Kind
    nullable: bool
    values: frozenset[str]
    dtype: Any
    low: int = 0
    high: int = 0
    zone: str | None = None


class Rows(msgspec.Struct):
    """n rows of raw columns that passed the check: as floats [n, columns], or by name."""

    n: int
    array: NDArray[np.float64] | None = None
    columns: dict[str, list[Any]] | None = None


class Schema:
    """The raw columns of a signature. numeric: all are numbers or booleans, so an array can hold them."""

    __slots__ = ("columns", "names", "numeric", "required", "strict", "whole")

    def __init__(self, signature: Signature) -> None:
        self.columns = tuple(_column(field) for field in signature.raw)
        self.names = [column.name for column in self.columns]
        self.numeric = all(column.kind in ("int", "float", "bool") for column in self.columns)
        self.required = np.array([not column.nullable for column in self.columns], dtype=bool)
        self.whole = [i for i, column in enumerate(self.columns) if column.kind != "float"]
        # Filled at load: columns whose unseen values the model cannot answer for.
        self.strict: frozenset[str] = frozenset()

    def check_array(self, array: NDArray[np.float64]) -> None:
        """Nothing, for [n, columns] of allowed numbers, missing as NaN. Raises BadRequest."""
        # One sum sees every NaN and infinity; only then is it worth looking where.
        if not np.isfinite(array.sum()):
            self._check_missing(array)
        for i in self.whole:
            self._check_whole(self.columns[i], array[:, i])

    def check_columns(self, given: Mapping[str, Sequence[Any]], n: int) -> Rows:
        """The rows, values as their columns want them. Raises BadRequest."""
        if given.keys() != set(self.names):
            raise self._wrong_names(given.keys())
        return Rows(
            n=n, columns={column.name: self._values(column, given[column.name]) for column in self.columns}
        )

    def frame(self, rows: Rows) -> pl.DataFrame:
        """The rows as a frame of the declared types."""
        if rows.columns is not None:
            return pl.DataFrame(
                [
                    pl.Series(column.name, rows.columns[column.name], dtype=column.dtype)
                    if column.kind != "text"
                    else pl.Series(column.name, rows.columns[column.name], dtype=pl.String).cast(
                        column.dtype, strict=False
                    )
                    for column in self.columns
                ]
            )
        assert rows.array is not None
        series = [
            pl.Series(column.name, rows.array[:, i], nan_to_null=True)
            for i, column in enumerate(self.columns)
        ]
        return pl.DataFrame(series).cast({column.name: column.dtype for column in self.columns})

    def array(self, rows: Rows) -> NDArray[np.float64]:
        """The rows as floats, missing as NaN; only for a numeric schema."""
        if rows.array is not None:
            return rows.array
        assert rows.columns is not None
        return np.array([rows.columns[name] for name in self.names], dtype=np.float64).T

    def records(self, rows: Rows) -> list[dict[str, Any]]:
        """The rows as they are logged: name → JSON value."""
        if rows.columns is not None:
            columns = [_plain(rows.columns[name]) for name in self.names]
        else:
            assert rows.array is not None
            columns = [_logged(column, rows.array[:, i]) for i, column in enumerate(self.columns)]
        names = self.names
        return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]

    def _wrong_names(self, found: Any) -> BadRequest:
        wanted = set(self.names)
        missing = [name for name in self.names if name not in found]
        unknown = sorted(str(name) for name in found if name not in wanted)
        parts = []
        if missing:
            parts.append(f"found no {_some(missing)}")
        if unknown:
            parts.append(f"found {_some(unknown)}, which it does not take")
        return BadRequest(
            f"columns: {' and '.join(parts)}; expected the {len(self.names)} columns of this model. "
            "Its metadata (GET /v2/models/NAME) names them."
        )

    def _check_missing(self, array: NDArray[np.float64]) -> None:
        if np.isinf(array).any():
            row, i = (int(part[0]) for part in np.nonzero(np.isinf(array)))
            raise _bad(self.columns[i], row, "an infinite number")
        missing = np.isnan(array) & self.required
        if missing.any():
            row, i = (int(part[0]) for part in np.nonzero(missing))
            raise _bad(self.columns[i], row, "a missing value")

    def _check_whole(self, column: Column, values: NDArray[np.float64]) -> None:
        good = np.isnan(values) | (
            (values == np.floor(values)) & (values >= column.low) & (values <= column.high)
        )
        if not good.all():
            raise _bad(column, int(np.argmin(good)), "another number")

    def _values(self, column: Column, values: Sequence[Any]) -> list[Any]:
        kinds = set(map(type, values))
        if type(None) in kinds:
            if not column.nullable:
                raise _bad(column, _first(values, lambda value: value is None), "a missing value")
            kinds.discard(type(None))
        if not kinds <= _TYPES[column.kind]:
            row = _first(values, lambda value: value is not None and type(value) not in _TYPES[column.kind])
            raise _bad(column, row, _FOUND.get(type(values[row]), "a list or object"))
        if column.kind == "int":
            return _whole(column, values, float in kinds)
        if column.kind == "float":
            return _floats(column, values)
        if column.kind == "text":
            if column.name in self.strict:
                self._check_known(column, values)
            return list(values)
        if column.kind == "datetime":
            return [_datetime(column, row, value) for row, value in enumerate(values)]
        if column.kind == "date":
            return [_date(column, row, value) for row, value in enumerate(values)]
        return list(values)

    def _check_known(self, column: Column, values: Sequence[Any]) -> None:
        row = _first(values, lambda value: value is not None and value not in column.values)
        if row >= 0:
            raise BadRequest(
                f"column {_name(column.name)}, row {row}: found a value this model never saw and "
                f"cannot answer for, expected one of the {len(column.values)} it knows. "
                "The model's metadata lists them."
            )


def _column(field: Field) -> Column:
    values = frozenset(field.values)
    match = _INT.fullmatch(field.type)
    if match:
        bits, unsigned = int(match[2]), bool(match[1])
        low, high = (0, 2**bits - 1) if unsigned else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        return Column(field.name, "int", field.nullable, values, getattr(pl, field.type), low, high)
    if field.type in ("Float64", "Float32"):
        return Column(field.name, "float", field.nullable, values, getattr(pl, field.type))
    if field.type == "Boolean":
        return Column(field.name, "bool", field.nullable, values, pl.Boolean, 0, 1)
    if field.type == "String":
        return Column(field.name, "text", field.nullable, values, pl.String)
    if field.type.startswith("Categorical"):
        return Column(field.name, "text", field.nullable, values, pl.Categorical)
    if field.type.startswith("Enum"):
        dtype = pl.Enum(list(field.values)) if field.values else pl.Categorical
        return Column(field.name, "text", field.nullable, values, dtype)
    if field.type == "Date":
        return Column(field.name, "date", field.nullable, values, pl.Date)
    if field.type.startswith("Datetime"):
        found = _ZONE.search(field.type)
        zone = (found[1] or found[2]) if found else None
        return Column(field.name, "datetime", field.nullable, values, pl.Datetime("us", zone), zone=zone)
    raise BadProject(
        f"column {field.name}: found the type {field.type}, expected a number, text, boolean, date or time. "
        "A model that reads another type cannot be served; convert it among the features."
    )


def _whole(column: Column, values: Sequence[Any], floats: bool) -> list[Any]:
    if floats:
        row = _first(values, lambda value: type(value) is float and not value.is_integer())
        if row >= 0:
            raise _bad(column, row, "a fraction")
        values = [value if value is None else int(value) for value in values]
    known = [value for value in values if value is not None]
    if known and (min(known) < column.low or max(known) > column.high):
        row = _first(values, lambda value: value is not None and not column.low <= value <= column.high)
        raise _bad(column, row, "a number too large")
    return list(values)


def _floats(column: Column, values: Sequence[Any]) -> list[Any]:
    row = -1
    try:
        floats = [value if value is None else float(value) for value in values]
    except OverflowError:
        row = _first(values, lambda value: type(value) is int and abs(value) > 2**1000)
    else:
        if column.nullable:
            floats = [None if value != value else value for value in floats]
        row = _first(floats, lambda value: value is not None and (value - value) != 0)
    if row >= 0:
        raise _bad(column, row, "a number that is not finite or too large")
    return floats


def _datetime(column: Column, row: int, value: Any) -> datetime | None:
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
        if (moment.tzinfo is None) != (column.zone is None):
            has = "without a time zone" if moment.tzinfo is None else "with a time zone"
            raise _bad(column, row, f"a time {has}")
        return moment if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise _bad(column, row, "text that is no time") from None


def _date(column: Column, row: int, value: Any) -> date | None:
    if value is None:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise _bad(column, row, "text that is no date") from None


def _bad(column: Column, row: int, found: str) -> BadRequest:
    expected = _EXPECTED[column.kind]
    if column.kind == "int":
        expected += f" from {column.low} to {column.high}"
    elif column.kind == "datetime":
        expected += " with a time zone, as in 2026-01-31T12:00:00Z" if column.zone else " without a time zone"
    either = " or null" if column.nullable else ""
    return BadRequest(f"column {_name(column.name)}, row {row}: found {found}, expected {expected}{either}.")


def _first(values: Sequence[Any], wrong: Any) -> int:
    return next((row for row, value in enumerate(values) if wrong(value)), -1)


def _plain(values: list[Any]) -> list[Any]:
    return [value.isoformat() if isinstance(value, date) else value for value in values]


def _logged(column: Column, values: NDArray[np.float64]) -> list[Any]:
    missing = np.isnan(values)
    make = {"int": int, "bool": bool}.get(column.kind, float)
    if not missing.any():
        return values.tolist() if make is float else [make(value) for value in values.tolist()]
    return [None if value != value else make(value) for value in values.tolist()]


def _name(text: str) -> str:
    """A name as it may be shown: short, and on one line."""
    return repr(text if len(text) <= 60 else text[:57] + "...")


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(_name(name) for name in names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"
