"""The first and the last time of some rows, also of rows whose time no Python datetime holds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl

from comporta.records.instant import microseconds, moment

_FIRST, _LAST = (microseconds(each.replace(tzinfo=UTC)) for each in (datetime.min, datetime.max))


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


def instant(micros: int) -> datetime:
    """This many microseconds after 1970; beyond the years 1 to 9999, the first or the last instant there."""
    return moment(min(max(micros, _FIRST), _LAST))


def latest(times: pl.Series) -> datetime | None:
    """The last of these dates or times; None where there is none."""
    found = ends(times)
    return None if found is None else instant(found[1])


def _whole(numbers: pl.Series, which: str) -> int:
    found: Any = getattr(numbers, which)()
    return int(found)
