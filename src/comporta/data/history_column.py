"""A column of a joined table as plain arrays, so that a file can hold it and processes share its bytes.

numbers, times, truth values   values[row]                               holes[row]: whether it is null
text, bytes                    values[offsets[row] : offsets[row + 1]]   holes[row]
any other type                 whole: the column as polars has it, in the memory of each process
"""

from __future__ import annotations

from datetime import date
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from comporta.data.features_time import Ints
from comporta.records import Record
from comporta.records.instant import moment

_NUMBERS = (
    pl.Int8, pl.Int16, pl.Int32, pl.Int64, pl.UInt8, pl.UInt16, pl.UInt32, pl.UInt64, pl.Float32, pl.Float64,
    pl.Boolean,
)  # fmt: skip
_TIMES = (pl.Date, pl.Datetime, pl.Duration, pl.Time)
_MICROSECONDS = (pl.Datetime("us", "UTC"), pl.Datetime("us"))
_DAY_ZERO, _FAR = date(1970, 1, 1).toordinal(), 700_000
"""Days: as Python counts that of polars' zero, and how many from it on Python's dates surely reach."""
_TEXTS = (pl.String, pl.Binary)


class ColumnValues(Protocol):
    """A column of a table: a polars series, or the same as arrays."""

    def gather(self, indices: pl.Series, /) -> pl.Series:
        """The values at these places; null where the place is."""

    def __getitem__(self, row: int, /) -> Any:
        """The value of one row."""


class HistoryColumn(Record, frozen=True, kw_only=True):
    """What is asked of a polars series, asked of arrays: single values, and values at some places."""

    name: str
    dtype: pl.DataType
    values: npt.NDArray[Any]
    holes: npt.NDArray[np.bool_] | None = None
    offsets: Ints | None = None
    whole: pl.Series | None = None

    def __getitem__(self, row: int) -> Any:
        """The value of one row, as a Python value."""
        if self.whole is not None:
            return self.whole[row]
        if self.holes is not None and self.holes[row]:
            return None
        if self.offsets is not None:
            return self._text(row)
        if isinstance(self.dtype, _TIMES):
            return self._time(row)
        return self.values.item(row)

    def _time(self, row: int) -> Any:
        """What polars makes of it; of the usual kinds without polars, which takes tens of microseconds."""
        dtype, value = self.dtype, self.values.item(row)
        if dtype == pl.Date and abs(value) < _FAR:
            return date.fromordinal(_DAY_ZERO + value)
        if dtype in _MICROSECONDS and abs(value) < _FAR * 86_400 * 10**6:
            at = moment(value)
            return at if dtype == _MICROSECONDS[0] else at.replace(tzinfo=None)
        return pl.Series(self.values[row : row + 1]).cast(dtype)[0]

    def gather(self, places: pl.Series) -> pl.Series:
        """The values at these places; null where the place is."""
        if self.whole is not None:
            return self.whole.gather(places)
        missing = places.is_null().to_numpy() if places.null_count() else None
        if missing is not None and missing.all():
            return pl.Series(self.name, [None] * len(places), dtype=self.dtype)
        at = places.fill_null(0).to_numpy() if missing is not None else places.to_numpy()
        if self.offsets is not None:
            return pl.Series(self.name, self._texts(at, missing), dtype=self.dtype)
        made = pl.Series(self.name, self.values[at])
        if self.holes is not None:
            holes = self.holes[at]
            missing = holes if missing is None else missing | holes
        if missing is not None and missing.any():
            made = made.set(pl.Series(missing), None)
        return made if made.dtype == self.dtype else made.cast(self.dtype)

    def _texts(self, at: Ints, missing: npt.NDArray[np.bool_] | None) -> list[Any]:
        holes = np.zeros(len(at), dtype=bool) if self.holes is None else self.holes[at]
        if missing is not None:
            holes = holes | missing
        return [
            None if hole else self._text(row) for row, hole in zip(at.tolist(), holes.tolist(), strict=True)
        ]

    def _text(self, row: int) -> str | bytes:
        assert self.offsets is not None
        data = self.values[self.offsets[row] : self.offsets[row + 1]].tobytes()
        return data.decode() if self.dtype == pl.String else data


def history_column(column: pl.Series) -> HistoryColumn:
    """A series as arrays."""
    dtype, holes = column.dtype, None
    if column.null_count():
        holes = column.is_null().to_numpy()
    if isinstance(dtype, _TEXTS):
        sizes = column.str.len_bytes() if dtype == pl.String else column.bin.size("b")
        offsets = np.concatenate(([0], np.cumsum(sizes.fill_null(0).cast(pl.Int64).to_numpy())))
        parts = (each.encode() if isinstance(each, str) else each for each in column.drop_nulls())
        values: npt.NDArray[Any] = np.frombuffer(b"".join(parts), dtype=np.uint8)
        return HistoryColumn(name=column.name, dtype=dtype, values=values, holes=holes, offsets=offsets)
    if isinstance(dtype, _NUMBERS + _TIMES):
        plain = column.to_physical()
        plain = plain.fill_null(False if dtype == pl.Boolean else 0)
        return HistoryColumn(name=column.name, dtype=dtype, values=plain.to_numpy(), holes=holes)
    nothing = np.zeros(0, dtype=np.uint8)
    return HistoryColumn(name=column.name, dtype=dtype, values=nothing, whole=column)


def arrays_of(column: ColumnValues) -> HistoryColumn:
    """The column, which is one of arrays already."""
    assert isinstance(column, HistoryColumn)
    return column
