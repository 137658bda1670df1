"""An append costs what it adds: small segments are put together on the way, and nothing else changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from comporta.data import add, manifest_of, scan_slice, slice_of
from comporta.errors import BadData
from comporta.records import DatasetSchema
from comporta.store import MemoryStore, derive

KEYS = derive(b"k" * 32)
START = datetime(2026, 1, 1, tzinfo=UTC)


def rows(n: int) -> pl.DataFrame:
    return pl.DataFrame(
        {"id": [2 * n, 2 * n + 1], "who": [f"p{n % 5}", None], "at": [START + timedelta(hours=n)] * 2, "x": n}
    )


@pytest.fixture(scope="module", params=[None, "who"])
def appended(request: Any, tmp_path_factory: Any) -> tuple[MemoryStore, DatasetSchema, dict[int, str], Path]:
    """A dataset of 70 appends, and after each the digest of its first ten hours."""
    store, scratch = MemoryStore(), tmp_path_factory.mktemp("appends")
    shape = DatasetSchema(name="d", key=("id",), subject=request.param, time="at")
    digests = {}
    for n in range(70):
        add(store, KEYS, shape, rows(n), change="append", now=START, scratch=scratch)
        if n > 9:
            digests[n] = slice_of(store, KEYS, "d", since=START, until=START + timedelta(hours=10)).digest
    return store, shape, digests, scratch


def test_segments_are_put_together_and_every_row_is_there_once(appended: Any) -> None:
    store, *_ = appended
    newest = manifest_of(store, KEYS, "d")
    assert len(newest.segments) == 2 + 6 and newest.rows == 140
    assert len(manifest_of(store, KEYS, "d", 31).segments) == 31
    found = scan_slice(store, KEYS, slice_of(store, KEYS, "d")).collect().sort("id")
    assert found.equals(pl.concat([rows(n) for n in range(70)]))
    old = scan_slice(store, KEYS, slice_of(store, KEYS, "d", number=20)).collect()
    assert old.height == 40 and old["id"].max() == 39


def test_the_digest_of_a_time_that_is_over_stays(appended: Any) -> None:
    _, _, digests, _ = appended
    assert len(digests) == 60 and len(set(digests.values())) == 1


def test_a_key_is_met_again_in_whichever_file_it_lies(appended: Any) -> None:
    store, shape, _, scratch = appended
    options: Any = {"now": START, "scratch": scratch}
    for n in (0, 33, 69):
        version, made = add(store, KEYS, shape, rows(n), change="append", **options)
        assert not made and version.number == 70
        with pytest.raises(BadData, match="2 rows to append whose key is there with other values"):
            add(store, KEYS, shape, rows(n).with_columns(x=pl.lit(-1)), change="append", **options)
    changed = pl.concat([rows(n)[:1].with_columns(x=pl.lit(-1)) for n in (0, 33, 69)])
    version, _ = add(store, KEYS, shape, changed, change="update", **options)
    found = scan_slice(store, KEYS, version).collect()
    assert found.height == 140 and sorted(found.filter(x=-1)["id"].to_list()) == [0, 66, 138]
    again, made = add(store, KEYS, shape, changed, change="append", **options)
    assert not made and again.number == 71
