"""A model's signature, made ready to check requests and to make frames and arrays of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from heapq import nsmallest
from math import isfinite
from struct import Struct
from typing import Any

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from comporta.errors import BadRequest
from comporta.records import Column, Signature
from comporta.records.named_column import frame_of
from comporta.records.observed_rows import InputLayout, encode_layout
from comporta.serve.columns import (
    RequestColumn,
    Values,
    as_list,
    bad_column,
    column_of,
    first_names,
    read_column,
)
from comporta.serve.expected import ExpectedValues, expected_values, never_missing


class CheckedRows(msgspec.Struct, gc=False):
    """n rows of raw columns that passed the check: as floats [n, columns], or by name; or packed, one row as
    64-bit floats, little-endian."""

    n: int
    array: NDArray[np.float64] | None = None
    columns: dict[str, Values] | None = None
    packed: bytes | None = None


class RequestSchema:
    """The raw columns of a signature. numeric: all are numbers or booleans, so an array can hold them."""

    __slots__ = (
        "_layouts",
        "_logged",
        "_pack",
        "columns",
        "expected",
        "names",
        "numeric",
        "required",
        "strict",
        "whole",
    )

    def __init__(self, signature: Signature) -> None:
        self.columns = tuple(column_of(field) for field in signature.raw)
        self.names = [column.name for column in self.columns]
        self.numeric = all(column.kind in ("int", "float", "bool") for column in self.columns)
        self.required = np.array([not column.nullable for column in self.columns], dtype=bool)
        self.whole = [i for i, column in enumerate(self.columns) if column.kind != "float"]
        # Which columns are logged; None: all.
        self._logged: list[int] | None = None
        self._layouts = self._encode_layouts()
        self._pack = Struct(f"<{len(self.columns)}d").pack
        # Filled at load: columns whose unseen values the model cannot answer for.
        self.strict: frozenset[str] = frozenset()
        # Filled at load too: what the project declares of values.
        self.expected: tuple[ExpectedValues, ...] = ()

    def require(self, names: Sequence[str]) -> None:
        """From now on these columns take no missing value."""
        self.columns = tuple(
            msgspec.structs.replace(column, nullable=False) if column.name in names else column
            for column in self.columns
        )
        self.required = np.array([not column.nullable for column in self.columns], dtype=bool)

    def log_without(self, names: Collection[str]) -> None:
        """From now on `logged_cells` leaves these columns out."""
        self._logged = [i for i, name in enumerate(self.names) if name not in names]
        self._layouts = self._encode_layouts()

    def _encode_layouts(self) -> list[msgspec.Raw]:
        """Of rows by name, and of rows of an array."""
        logged = self.columns if self._logged is None else [self.columns[i] for i in self._logged]
        names = tuple(column.name for column in logged)
        kinds = tuple(column.kind for column in logged)
        return [encode_layout(InputLayout(names, each)) for each in ((), kinds)]

    def expect(self, declared: Sequence[Column]) -> None:
        """From now on rows are held against these declarations."""
        self.expected = expected_values(self.columns, declared)
        self.require(never_missing(declared))

    def require_expected(self, rows: CheckedRows) -> None:
        """Raises BadRequest for a value that is not as the project declares."""
        for each in self.expected:
            if rows.columns is not None:
                each.require(rows.columns[each.name])
            else:
                assert rows.array is not None
                each.require(rows.array[:, each.place])

    def pack_row(self, values: Sequence[float | None]) -> bytes | None:
        """One row as `CheckedRows.packed` has it; None where a value is missing or not as it should be:
        `check_array` and `require_expected` say whether it may be. Only for a numeric schema."""
        numbers: Sequence[float] = values  # type: ignore[assignment]  # a missing one is not summed
        try:
            if not isfinite(sum(numbers)):
                return None
        except TypeError:
            return None
        for i in self.whole:
            column, value = self.columns[i], numbers[i]
            if not (value.is_integer() and column.low <= value <= column.high):
                return None
        for each in self.expected:
            if each.is_broken(numbers[each.place]):
                return None
        return self._pack(*numbers)

    def check_array(self, array: NDArray[np.float64]) -> None:
        """Nothing, for [n, columns] of allowed numbers, missing as NaN. Raises BadRequest."""
        # One sum sees every NaN and infinity; only then is it worth looking where.
        if not isfinite(np.add.reduce(array, None)):
            self._check_missing(array)
        for i in self.whole:
            self._check_whole(self.columns[i], array[:, i])

    def check_columns(self, given: Mapping[str, Sequence[Any] | NDArray[Any]], n: int) -> CheckedRows:
        """The rows, values as their columns want them. Raises BadRequest."""
        if given.keys() != set(self.names):
            raise self._wrong_names(given.keys())
        return CheckedRows(
            n=n,
            columns={
                column.name: read_column(column, given[column.name], column.name in self.strict)
                for column in self.columns
            },
        )

    def part_of_row(self, sent: Mapping[str, Any]) -> pl.DataFrame:
        """One row of some of the columns, of their types. Raises BadRequest for a value that may not be."""
        part = {
            column.name: read_column(column, [sent[column.name]])
            for column in self.columns
            if column.name in sent
        }
        for each in self.expected:
            if each.name in part:
                each.require(part[each.name])
        return frame_of(_series(column, part[column.name]) for column in self.columns if column.name in part)

    def frame(self, rows: CheckedRows) -> pl.DataFrame:
        """The rows as a frame of the declared types."""
        if rows.columns is not None:
            return frame_of(_series(column, rows.columns[column.name]) for column in self.columns)
        assert rows.array is not None
        return frame_of(
            pl.Series(column.name, rows.array[:, i], nan_to_null=True).cast(column.dtype)
            for i, column in enumerate(self.columns)
        )

    def array(self, rows: CheckedRows) -> NDArray[np.float64]:
        """The rows as floats, missing as NaN; only for a numeric schema."""
        if rows.array is not None:
            return rows.array
        assert rows.columns is not None
        return np.array([rows.columns[name] for name in self.names], dtype=np.float64).T

    def logged_cells(self, rows: CheckedRows) -> tuple[msgspec.Raw, bytes, list[list[Any]]]:
        """The rows as they are logged: `layout`, `numbers` and `values` of `ObservedRows`."""
        logged = self._logged
        if rows.packed is not None:
            return *self.logged_row(rows.packed), []
        if rows.array is not None:
            array = rows.array if logged is None else rows.array[:, logged]
            return self._layouts[1], array.tobytes(), []
        assert rows.columns is not None
        columns = self.columns if logged is None else [self.columns[i] for i in logged]
        return self._layouts[0], b"", [_plain(column, rows.columns[column.name]) for column in columns]

    def logged_row(self, packed: bytes) -> tuple[msgspec.Raw, bytes]:
        """The same of one row: `layout` and `numbers`."""
        if self._logged is None:
            return self._layouts[1], packed
        return self._layouts[1], b"".join([packed[8 * i : 8 * i + 8] for i in self._logged])

    def _wrong_names(self, found: Any) -> BadRequest:
        wanted = set(self.names)
        missing = [name for name in self.names if name not in found]
        others = [str(name) for name in found if name not in wanted]
        # A few in order: a stranger may send very many.
        unknown = [*nsmallest(3, others), *others[3:]]
        return BadRequest(
            "columns: "
            + (f"found no {first_names(missing)}" if missing else "")
            + (" and " if missing and unknown else "")
            + (f"found {first_names(unknown)}, which it does not take" if unknown else "")
            + f"; expected the {len(self.names)} columns of this model. "
            "Its metadata (GET /v2/models/NAME) names them."
        )

    def _check_missing(self, array: NDArray[np.float64]) -> None:
        if np.isinf(array).any():
            row, i = (int(part[0]) for part in np.nonzero(np.isinf(array)))
            raise bad_column(self.columns[i], row, "an infinite number")
        missing = np.isnan(array) & self.required
        if missing.any():
            row, i = (int(part[0]) for part in np.nonzero(missing))
            raise bad_column(self.columns[i], row, "a missing value")

    def _check_whole(self, column: RequestColumn, values: NDArray[np.float64]) -> None:
        good = np.isnan(values) | (
            (values == np.floor(values)) & (values >= column.low) & (values < float(column.high + 1))
        )
        if not good.all():
            raise bad_column(column, int(np.argmin(good)), "another number")


def _series(column: RequestColumn, values: Values) -> pl.Series:
    if isinstance(values, np.ndarray):
        return pl.Series(column.name, values, nan_to_null=True).cast(column.dtype)
    if column.kind == "text":
        return pl.Series(column.name, values, dtype=pl.String).cast(column.dtype, strict=False)
    return pl.Series(column.name, values, dtype=column.dtype)


def _plain(column: RequestColumn, values: Values) -> list[Any]:
    if column.kind in ("date", "datetime"):
        return [value.isoformat() if isinstance(value, date) else value for value in values]
    return as_list(values)
