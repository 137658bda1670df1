"""The first and the last time of rows, at the ends of what datetimes hold and beyond them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from comporta.data import add, scan_slice, slice_of
from comporta.data.extent import ends, instant, latest
from comporta.records import DatasetSchema
from comporta.store import MemoryStore, derive

KEYS = derive(b"k" * 32)
FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "times",
    [
        [FIRST, LAST],
        [datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)],
        [datetime(1, 1, 1, 0, 30, tzinfo=UTC), None],
        [EPOCH],
    ],
)
@pytest.mark.parametrize(
    "dtype", [pl.Datetime("us", "UTC"), pl.Datetime("us"), pl.Datetime("us", "Asia/Tokyo")]
)
def test_rows_of_any_time_are_kept_and_found_by_it(times, dtype, tmp_path: Path) -> None:
    bare = pl.Series(times, dtype=pl.Datetime("us", "UTC"))
    column = (
        bare.dt.replace_time_zone(None)
        if dtype.time_zone is None
        else bare.dt.convert_time_zone(dtype.time_zone)
    )
    frame = pl.DataFrame({"id": range(len(times)), "at": column})
    store, shape = MemoryStore(), DatasetSchema(name="d", key=("id",), time="at")
    add(store, KEYS, shape, frame, change="append", now=EPOCH, scratch=tmp_path)
    known = [each for each in times if each is not None]
    for at in known:
        part = slice_of(store, KEYS, "d", since=at)
        assert part.rows == sum(each >= at for each in known)
        assert scan_slice(store, KEYS, part).select(pl.len()).collect().item() == part.rows
    assert slice_of(store, KEYS, "d", until=LAST).rows == sum(each < LAST for each in known)


def test_times_that_no_datetime_holds_are_bounded_by_those_that_it_does(tmp_path: Path) -> None:
    beyond = pl.Series([253_402_300_800_000_000 + 7], dtype=pl.Int64).cast(pl.Datetime("us", "UTC"))
    assert latest(beyond) == LAST
    before = pl.Series([-(2**62)], dtype=pl.Int64).cast(pl.Datetime("us"))
    assert instant(ends(before)[0]) == FIRST
    store, shape = MemoryStore(), DatasetSchema(name="d", key=("id",), time="at", fresh=timedelta(days=1))
    frame = pl.DataFrame({"id": [1], "at": beyond})
    made, _ = add(store, KEYS, shape, frame, change="append", now=EPOCH, scratch=tmp_path)
    assert made.rows == 1


def test_every_type_of_time_gives_the_same_ends() -> None:
    day = date(2026, 1, 2)
    moment = datetime(2026, 1, 2)
    expected = ((moment.replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1),) * 2
    assert ends(pl.Series([day])) == expected
    for unit in ("ms", "us", "ns"):
        assert ends(pl.Series([moment, None], dtype=pl.Datetime(unit))) == expected
    assert ends(pl.Series([], dtype=pl.Date)) is None
    odd = pl.Series([1], dtype=pl.Int64).cast(pl.Datetime("ns"))
    assert ends(odd) == (0, 1), "the last is rounded up: no row lies behind it"
