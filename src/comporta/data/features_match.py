"""The columns that a request and a table are matched on: one type for both, and a code for each key.

A code is the integer itself where the key is one integer, else bits of a hash. Two keys may share a hash:
whoever uses it compares the keys of what it found.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np
import polars as pl

from comporta.data.features_time import Ints, tick
from comporta.errors import BadProject, BadRequest
from comporta.records import Record
from comporta.records.named_column import by_names

_TEXT = (pl.String, pl.Categorical, pl.Enum)
_MIX = np.uint64(0x9E3779B97F4A7C15)


def common_type(theirs: pl.DataType, ours: pl.DataType, what: str) -> pl.DataType:
    """The type in which both sides of a match are compared. Raises BadProject when there is none."""
    if isinstance(theirs, _TEXT) and isinstance(ours, _TEXT):
        return pl.String()
    if theirs.is_integer() and ours.is_integer():
        wide = pl.UInt64 in (theirs, ours) or pl.UInt128 in (theirs, ours) or pl.Int128 in (theirs, ours)
        return pl.Int128() if wide else pl.Int64()
    if theirs.is_float() and ours.is_float():
        return pl.Float64()
    if isinstance(theirs, pl.Datetime) and isinstance(ours, pl.Datetime):
        return pl.Datetime("ns" if "ns" in (theirs.time_unit, ours.time_unit) else "us")
    if theirs == ours and theirs in (pl.Boolean, pl.Date, pl.Time, pl.Duration, pl.Binary):
        return ours
    raise BadProject(f"{what}: found {theirs} and {ours}, expected one type. Cast one of them in its source.")


def matchable(frame: pl.DataFrame, names: list[str], types: list[pl.DataType]) -> pl.DataFrame:
    """These columns in these types, named 0, 1, ...; what is not a value (NaN) is null."""
    columns = []
    for place, (name, dtype) in enumerate(zip(names, types, strict=True)):
        column = frame[name]
        if isinstance(column.dtype, pl.Datetime):
            column = (
                column.dt.replace_time_zone(None)
                if column.dtype.time_zone is None
                else (column.dt.convert_time_zone("UTC").dt.replace_time_zone(None))
            )
        if column.dtype != dtype:
            column = column.cast(dtype)
        if dtype == pl.Float64:
            column = column.fill_nan(None)
            # -0.0 is the same key; polars leaves it as it is where 0.0 is added.
            column = column.set(column == 0.0, 0.0)
        columns.append(column.alias(str(place)))
    return pl.DataFrame(columns)


class KeyCoder(Record, frozen=True, kw_only=True):
    """How keys become integers below `2**width`: by hash, unless one of the others is given.

    low, high: of a single integer key. words: every key there is, each once.
    """

    width: int
    low: int | None = None
    high: int | None = None
    words: pl.DataFrame | None = None

    @property
    def exact(self) -> bool:
        """Whether different keys always have different codes."""
        return self.low is not None or self.words is not None

    def codes(self, keys: pl.DataFrame) -> Ints:
        """A code for each row without nulls; -1 where the key cannot be in the table."""
        if self.words is not None:
            numbered = self.words.with_row_index("code")
            found = keys.join(numbered, on=by_names(keys.columns), how="left", maintain_order="left")["code"]
            return found.cast(pl.Int64).fill_null(-1).to_numpy(writable=True)
        if self.low is not None and self.high is not None:
            values = keys.to_series(0)
            if len(values) and not values.null_count():
                plain = values.to_numpy()
                if self.low <= plain.min() and plain.max() <= self.high:
                    return plain - self.low
            inside = values.is_between(self.low, self.high).fill_null(False)
            return values.set(~inside, self.low - 1).to_numpy() - self.low
        mixed: Any = None
        for column in keys.get_columns():
            hashed = column.hash(seed=7).to_numpy()
            mixed = hashed if mixed is None else (mixed * _MIX) ^ hashed
        codes: Ints = (mixed >> np.uint64(64 - self.width)).astype(np.int64)
        return codes


def key_coder(
    keys: pl.DataFrame, width: int, *, exact: bool = False, hash_bits: int | None = None
) -> KeyCoder:
    """The quickest coder of at most `width` bits. hash_bits: fewer, so that tests can make keys collide."""
    if exact:
        return KeyCoder(width=width, words=keys.unique(maintain_order=True))
    if hash_bits is None and keys.width == 1 and keys.dtypes[0] == pl.Int64 and keys.height:
        low, high = keys.to_series(0).min(), keys.to_series(0).max()
        if isinstance(low, int) and isinstance(high, int) and high - low < 2 ** (width - 1):
            return KeyCoder(width=width, low=low, high=high)
    return KeyCoder(width=min(width, hash_bits or width))


def key_value(value: Any, dtype: pl.DataType, what: str) -> Any:
    """A Python value as `matchable` would give it. Raises BadRequest when it is of another type."""
    if value is None:
        return None
    if dtype.is_integer() and isinstance(value, int) and not isinstance(value, bool):
        return value
    if dtype == pl.Float64 and isinstance(value, float):
        return None if value != value else value + 0.0
    if isinstance(dtype, pl.Datetime) and isinstance(value, datetime):
        return tick(value, "ns" if dtype.time_unit == "ns" else "us")
    for kind, python in _PLAIN:
        if dtype == kind and type(value) is python:
            return value
    raise BadRequest(f"{what}: found {type(value).__name__}, expected {dtype}.")


_PLAIN: tuple[tuple[type[pl.DataType], type], ...] = (
    (pl.String, str),
    (pl.Boolean, bool),
    (pl.Date, date),
    (pl.Time, time),
    (pl.Duration, timedelta),
    (pl.Binary, bytes),
)
