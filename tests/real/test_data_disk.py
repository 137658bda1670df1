"""A full disk, a missing file, a changed byte: one clear error each, and the dataset stays what it was."""

from __future__ import annotations

import resource
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from comporta.data import add, describe, list_versions, manifest_of, rows_of, scan_slice, slice_of, verify
from comporta.data.names import object_name
from comporta.errors import NotFound, StorageFull, Tampered
from comporta.records import DatasetSchema
from comporta.store import LocalStore, derive

KEYS = derive(b"k" * 32)
SHAPE = DatasetSchema(name="d", key=("id",), subject="who")


NEEDS_IT = "cannot be read whole without it."


def flipped(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


def rows(count: int) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    return pl.DataFrame({"id": range(count), "who": np.arange(count) % 997, "x": rng.normal(size=count)})


def put(store: LocalStore, scratch: Path, frames: Any, change: Any = "replace", **more: Any) -> None:
    add(store, KEYS, SHAPE, frames, change=change, now=datetime.now(UTC), scratch=scratch, **more)


@pytest.fixture
def small_disk() -> Iterator[None]:
    """No file may grow beyond 200 kB: to its writer, a full disk."""
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    signal.signal(signal.SIGXFSZ, before)


@pytest.mark.parametrize("spilled", [False, True])
def test_a_full_disk_is_said_and_changes_nothing(tmp_path: Path, small_disk: None, spilled: bool) -> None:
    store = LocalStore(tmp_path / "store")
    put(store, tmp_path, rows(100))
    large = rows(100_000)
    frames: Any = [large[at : at + 10_000] for at in range(0, 100_000, 10_000)] if spilled else large
    with pytest.raises(StorageFull, match="Free some space"):
        put(store, tmp_path, frames, run=1_000_000)
    assert slice_of(store, KEYS, "d").rows == 100 and len(list_versions(store, "d")) == 1


def test_what_is_missing_or_changed_is_named(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    put(store, tmp_path, rows(1000))
    assert verify(store, KEYS, "d").damaged == ()
    name = object_name("d", manifest_of(store, KEYS, "d").segments[0].fragments[0].id)
    path = tmp_path / "store" / name
    data = flipped(path.read_bytes())

    def damaged() -> str:
        [found] = verify(store, KEYS, "d").damaged
        return str(found)

    path.write_bytes(data)
    assert damaged() == f"d: {name} holds other bytes than were written; version 1 {NEEDS_IT}"
    with pytest.raises(Tampered, match=f"{name} holds other bytes.* finds every damaged one"):
        describe(store, KEYS, slice_of(store, KEYS, "d"))
    path.write_bytes(data[:100])
    said = f"{name} has 100 bytes, expected {len(data):,}"
    assert said in damaged()
    with pytest.raises(Tampered, match=said):
        scan_slice(store, KEYS, slice_of(store, KEYS, "d"))
    path.unlink()
    assert damaged() == f"d: {name} is missing; version 1 {NEEDS_IT}"
    with pytest.raises(NotFound, match=f"{name} is not in the store"):
        scan_slice(store, KEYS, slice_of(store, KEYS, "d"))


@pytest.mark.parametrize("harm", [lambda data: data[:100], flipped, lambda data: None])
def test_a_damaged_fragment_is_put_right_by_the_rows_it_was_made_of(tmp_path: Path, harm: Any) -> None:
    store = LocalStore(tmp_path / "store")
    put(store, tmp_path, rows(1000))
    name = object_name("d", manifest_of(store, KEYS, "d").segments[0].fragments[0].id)
    path = tmp_path / "store" / name
    whole = path.read_bytes()
    harmed = harm(whole)
    path.unlink()
    if harmed is not None:
        path.write_bytes(harmed)
    with pytest.raises((Tampered, NotFound), match=name):  # other rows cannot bring it back
        put(store, tmp_path, rows(1000).with_columns(pl.col("x") + 1))
    put(store, tmp_path, rows(1000))
    assert path.read_bytes() == whole
    assert len(list_versions(store, "d")) == 1 and verify(store, KEYS, "d").damaged == ()


def test_filters_find_the_right_rows_behind_masks_and_many_row_groups(tmp_path: Path) -> None:
    store, expected = LocalStore(tmp_path / "store"), rows(200_000)
    put(store, tmp_path, expected)
    for seed in range(10):  # more than the masks that one fragment keeps apart
        changed = expected.sample(2_000, seed=seed).with_columns(x=pl.lit(float(seed)))
        put(store, tmp_path, changed, "update")
        expected = pl.concat([expected.join(changed, on="id", how="anti"), changed])
    part = slice_of(store, KEYS, "d")
    for wanted in (pl.col("id") < 100, pl.col("x") == 3.0, pl.col("who") == 77):
        for engine in ("streaming", "in-memory"):
            found = scan_slice(store, KEYS, part).filter(wanted).collect(engine=engine)  # type: ignore[call-overload]
            assert found.sort("id").equals(expected.filter(wanted).sort("id"))
    anns = rows_of(store, KEYS, part, subject="77")
    assert anns.sort("id").equals(expected.filter(pl.col("who") == 77).sort("id"))
    assert len(manifest_of(store, KEYS, "d").segments[0].fragments[0].masks) < 10
