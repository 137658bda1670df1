"""Instants as integers, so that time zones, units and dates compare as what they are.

Polars keeps a zoned time as its UTC instant and a naive one as it is written; naive means UTC here, so the
stored integers compare as they stand once their units are one.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from comporta.errors import BadProject
from comporta.records.instant import EPOCH, MICROSECOND

Ints = npt.NDArray[np.int64]
Unit = Literal["us", "ns"]

LOWEST, HIGHEST = -(2**63), 2**63 - 1
_PER_SECOND = {"ms": 10**3, "us": 10**6, "ns": 10**9}


def unit_of(dtype: pl.DataType, column: str) -> Unit:
    """`ns` for a time kept in nanoseconds, else `us`. Raises BadProject when the type is no time."""
    if isinstance(dtype, pl.Datetime):
        return "ns" if dtype.time_unit == "ns" else "us"
    if dtype == pl.Date:
        return "us"
    raise BadProject(f"{column}: found {dtype}, expected Datetime or Date. Parse it where it is read.")


def ticks(column: pl.Series, unit: Unit, *, up: bool = False) -> Ints:
    """Instants in `unit` since 1970 UTC, nulls as the far past. What `ns` cannot hold stops at its end.

    up: where `unit` is coarser than the column's, round to the later tick, else to the earlier.
    """
    # A zoned time's integers are of UTC: to_numpy, unlike an expression, costs a request nothing.
    values = column.to_numpy().view(np.int64)
    if column.dtype == pl.Date:
        return _finer(values, 86_400 * _PER_SECOND[unit])
    assert isinstance(column.dtype, pl.Datetime)
    have, want = _PER_SECOND[column.dtype.time_unit], _PER_SECOND[unit]
    if have == want:
        return values
    if have < want:
        return _finer(values, want // have)
    return -(-values // (have // want)) if up else values // (have // want)


def tick(at: datetime, unit: Unit) -> int:
    """The instant of a Python time; naive means UTC."""
    aware = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    return span(aware - EPOCH, unit)


def span(length: timedelta, unit: Unit) -> int:
    """A length of time in `unit`."""
    return (length // MICROSECOND) * (1000 if unit == "ns" else 1)


def shift_times(values: Ints, by: int) -> Ints:
    """`values + by`, stopping at the ends of what an integer holds."""
    if by == 0:
        return values
    if not LOWEST < by < HIGHEST:
        return np.full_like(values, HIGHEST if by > 0 else LOWEST)
    if by > 0:
        return np.minimum(values, HIGHEST - by) + by
    return np.maximum(values, LOWEST - by) + by


def as_times(values: Any, unit: Unit) -> pl.Series:
    """Ticks as UTC times."""
    return pl.Series(values, dtype=pl.Int64).cast(pl.Datetime(unit, "UTC"))


def _finer(values: Ints, factor: int) -> Ints:
    return np.clip(values, -(HIGHEST // factor), HIGHEST // factor) * factor
