"""The first and the last time of some rows, also of rows whose time no Python datetime holds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FIRST = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
_LAST = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND


def ends(times: pl.Series) -> tuple[int, int] | None:
    """The first and the last of these dates or times in microseconds since 1970, the last rounded up; None
    where there is none. A time without a zone is taken to be UTC."""
    times = times.alias("times").drop_nulls()  # no name that polars takes for a pattern
    if times.is_empty():
        return None
    first, last = (_whole(times.to_physical(), each) for each in ("min", "max"))
    if isinstance(times.dtype, pl.Datetime):
        if times.dtype.time_unit == "ns":
            return first // 1000, -(-last // 1000)
        factor = 1000 if times.dtype.time_unit == "ms" else 1
        return first * factor, last * factor
    assert times.dtype == pl.Date
    day = 86_400_000_000
    return first * day, last * day


def instant(microseconds: int) -> datetime:
    """This many since 1970, in UTC; before the year 1 or after 9999, the first or the last instant there."""
    return _EPOCH + min(max(microseconds, _FIRST), _LAST) * _MICROSECOND


def latest(times: pl.Series) -> datetime | None:
    """The last of these dates or times; None where there is none."""
    found = ends(times)
    return None if found is None else instant(found[1])


def _whole(numbers: pl.Series, which: str) -> int:
    found: Any = getattr(numbers, which)()
    return int(found)
