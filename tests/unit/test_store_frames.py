"""A frame that this process has read is not decoded twice, and is never one that the store has not."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from comporta.errors import NotFound
from comporta.store import LocalStore, StepContext, artifact_name, derive
from comporta.store.frames import read, write
from comporta.store.read_cache import READ_CACHE, ByteLimitedCache


@pytest.fixture
def context(tmp_path: Path) -> StepContext:
    READ_CACHE.clear()
    return StepContext(store=LocalStore(tmp_path), keys=derive(b"k" * 32))


def test_a_frame_is_decoded_once(context: StepContext, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = pl.DataFrame({"a": [1, 2], "b": ["x", None]})
    kept = write(context, frame)
    assert read(context, kept).equals(frame)
    monkeypatch.setattr(pl, "read_parquet", None)
    assert read(context, kept).equals(frame)


def test_what_one_reader_does_to_it_no_other_sees(context: StepContext) -> None:
    kept = write(context, pl.DataFrame({"a": [1, 2]}))
    mine = read(context, kept)
    mine.insert_column(0, pl.Series("b", [0, 0]))
    mine[0, "a"] = 9
    assert read(context, kept).to_dict(as_series=False) == {"a": [1, 2]}


def test_what_was_deleted_is_not_read_though_it_is_held(context: StepContext) -> None:
    kept = write(context, pl.DataFrame({"a": [1, 2]}))
    read(context, kept)
    context.store.delete(artifact_name(kept.digest))
    with pytest.raises(NotFound):
        read(context, kept)


def test_the_oldest_is_given_up_first_and_what_is_too_large_is_not_held() -> None:
    held = ByteLimitedCache(most=10)
    held.put("a", 1, 4)
    held.put("b", 2, 4)
    assert held.get("a") == 1
    held.put("c", 3, 4)
    assert [held.get(name) for name in "abc"] == [1, None, 3]
    held.put("d", 4, 11)
    assert [held.get(name) for name in "abcd"] == [None] * 4
    held.put("a", 1, 4)
    held.clear()
    assert held.get("a") is None
