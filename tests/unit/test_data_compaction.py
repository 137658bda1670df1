"""Many small segments put together: the same rows, versions and digests, from fewer files."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from comporta.data import (
    add,
    compact,
    describe,
    diff_versions,
    reachable_objects,
    rows_of,
    scan_slice,
    slice_of,
    verify,
)
from comporta.data.dataset_log import CompactEntry, RedactEntry, append_entry, read_log
from comporta.data.fragments import ResolvedFragment
from comporta.data.groups import group_fragments
from comporta.data.keys import subject_hash
from comporta.data.manifests import manifest_of, resolve_fragments
from comporta.data.names import object_name
from comporta.errors import Tampered
from comporta.records import DatasetSchema
from comporta.store import LocalStore, Store, derive

KEYS = derive(b"k" * 32)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SHAPE = DatasetSchema(name="d", key=("id",), subject="who", time="at")
EACH = 10


def frame(ids: range, x: float = 0.0) -> pl.DataFrame:
    rows = [{"id": id, "who": f"w{id % 7}", "at": NOW + timedelta(hours=id), "x": x} for id in ids]
    return pl.DataFrame(rows, schema_overrides={"at": pl.Datetime("us", "UTC")})


def put(store: Store, scratch: Path, rows: pl.DataFrame, change: Any = "append") -> int:
    return add(store, KEYS, SHAPE, rows, change=change, now=NOW, scratch=scratch)[0].number


def appended(store: Store, scratch: Path, first: int, last: int) -> None:
    for at in range(first, last):
        put(store, scratch, frame(range(at * EACH, (at + 1) * EACH)))


def shown(store: Store, number: int | None = None, **part: Any) -> dict[int, float]:
    found = scan_slice(store, KEYS, slice_of(store, KEYS, "d", number=number, **part)).collect()
    assert found["id"].n_unique() == len(found)
    return dict(found.select("id", "x").sort("id").iter_rows())


def files(store: Store, number: int | None = None) -> list[ResolvedFragment]:
    history = read_log(store, KEYS, "d")
    return group_fragments(store, history, resolve_fragments(history, manifest_of(store, KEYS, "d", number)))


def all_of(store: Store) -> list[tuple[str, dict[int, float]]]:
    numbers = range(1, slice_of(store, KEYS, "d").number + 1)
    return [(slice_of(store, KEYS, "d", number=each).digest, shown(store, each)) for each in numbers]


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "store")


def test_versions_rows_and_digests_are_as_before_and_files_are_fewer(store: Any, tmp_path: Path) -> None:
    appended(store, tmp_path, 0, 12)
    put(store, tmp_path, frame(range(5, 100, 9), x=1.0), "update")
    put(store, tmp_path, frame(range(100), x=2.0), "replace")  # the last segments show nothing any more
    before = all_of(store)
    bounds = {"since": NOW + timedelta(hours=15), "until": NOW + timedelta(hours=95)}
    part = slice_of(store, KEYS, "d", number=12, **bounds)
    told = describe(store, KEYS, slice_of(store, KEYS, "d", number=12))
    differs = diff_versions(store, KEYS, "d", 6, 13)
    put(store, tmp_path, frame(range(200, 210)))
    before = all_of(store)
    done = compact(store, KEYS, "d", now=NOW, scratch=tmp_path)
    assert (done.version, done.after) == (15, 1) and done.before == len(stands_of(store)) > 1
    assert all_of(store) == before
    assert (
        slice_of(store, KEYS, "d", number=12, **bounds) == part
        and part.rows == len(shown(store, 12, **bounds)) == 80
    )
    assert describe(store, KEYS, slice_of(store, KEYS, "d", number=12)) == told
    again = diff_versions(store, KEYS, "d", 6, 13)
    assert (again.added, again.changed, again.removed) == (differs.added, differs.changed, differs.removed)
    assert len(files(store)) == 1 < done.before
    assert compact(store, KEYS, "d", now=NOW, scratch=tmp_path).segments == 0


def stands_of(store: Store) -> list[ResolvedFragment]:
    return resolve_fragments(read_log(store, KEYS, "d"), manifest_of(store, KEYS, "d"))


def test_masks_made_before_and_after_hide_the_right_rows(store: Any, tmp_path: Path) -> None:
    appended(store, tmp_path, 0, 6)
    put(store, tmp_path, frame(range(0, 60, 7), x=1.0), "update")
    compact(store, KEYS, "d", now=NOW, scratch=tmp_path)
    put(store, tmp_path, frame(range(0, 60, 5), x=2.0), "update")
    expected = {id: 2.0 if id % 5 == 0 else 1.0 if id % 7 == 0 else 0.0 for id in range(60)}
    assert shown(store) == expected
    assert any(stand.of for stand in files(store)), "the group is read still, through the new masks"
    assert shown(store, 6) == dict.fromkeys(range(60), 0.0)
    assert rows_of(store, KEYS, slice_of(store, KEYS, "d"), subject="w3")["id"].sort().to_list() == [
        id for id in range(60) if id % 7 == 3
    ]
    assert rows_of(store, KEYS, slice_of(store, KEYS, "d"), key={"id": 14})["x"].to_list() == [1.0]


def test_an_old_version_with_few_of_the_rows_is_read_from_what_it_was_made_of(
    store: Any, tmp_path: Path
) -> None:
    appended(store, tmp_path, 0, 10)
    compact(store, KEYS, "d", now=NOW, scratch=tmp_path)
    assert [len(files(store, number)) for number in (1, 4, 5, 10)] == [1, 4, 1, 1]
    assert not files(store, 4)[0].of and files(store, 5)[0].of
    assert [len(shown(store, number)) for number in (1, 4, 5, 10)] == [10, 40, 50, 100]


def test_later_appends_are_put_together_with_what_is_small_still(store: Any, tmp_path: Path) -> None:
    appended(store, tmp_path, 0, 4)
    compact(store, KEYS, "d", now=NOW, scratch=tmp_path)
    appended(store, tmp_path, 4, 7)
    assert len(files(store)) == 4
    done = compact(store, KEYS, "d", now=NOW, scratch=tmp_path)
    assert (done.segments, done.before, done.after) == (4, 7, 1)
    assert len(files(store)) == 1 and len(shown(store)) == 70
    assert verify(store, KEYS, "d").damaged == ()


def test_large_rows_make_fragments_of_disjoint_ranges(store: Any, tmp_path: Path) -> None:
    appended(store, tmp_path, 0, 30)
    size = sum(stand.now.size for stand in stands_of(store))
    done = compact(store, KEYS, "d", now=NOW, scratch=tmp_path, fragment=size * 6 // 5)
    made = sorted((stand.now.low, stand.now.high) for stand in files(store))
    assert done.after == len(made) == 3  # of four ranges; no subject lies in the second
    assert all(high < low for (_, high), (low, _) in pairwise(made))
    assert len(shown(store)) == 300


def test_what_is_forgotten_is_in_no_group_that_is_read_or_kept(store: Any, tmp_path: Path) -> None:
    appended(store, tmp_path, 0, 3)
    compact(store, KEYS, "d", now=NOW, scratch=tmp_path)
    [copy] = files(store)
    name = object_name("d", copy.now.id)
    assert name in reachable_objects(store, KEYS)
    history = read_log(store, KEYS, "d")
    gone = stands_of(store)[0].named
    moved: dict[str, Any] = {gone.id: None}
    assert append_entry(
        store,
        KEYS,
        "d",
        history,
        NOW,
        RedactEntry,
        moved=moved,
        subjects=(f"{subject_hash('w9', KEYS):016x}",),
    )
    assert sorted(shown(store)) == list(range(10, 30))
    assert name not in reachable_objects(store, KEYS)
    late = read_log(store, KEYS, "d")
    group = ((gone.id, stands_of(store)[0].now.id), (copy.now,))
    assert append_entry(store, KEYS, "d", late, NOW, CompactEntry, groups=(group,))
    assert not read_log(store, KEYS, "d").groups, "one that comes after the redaction is read by no one"


def test_a_copy_that_is_gone_or_cut_short_is_passed_by_and_one_that_was_changed_is_named(
    store: Any, tmp_path: Path
) -> None:
    appended(store, tmp_path, 0, 3)
    compact(store, KEYS, "d", now=NOW, scratch=tmp_path)
    path = tmp_path / "store" / object_name("d", files(store)[0].now.id)
    whole = path.read_bytes()
    path.write_bytes(whole[:50])
    assert len(shown(store)) == 30
    [told] = map(str, verify(store, KEYS, "d").damaged)
    assert "it is a copy. Remove it: nothing is lost" in told
    compact(store, KEYS, "d", now=NOW, scratch=tmp_path)
    assert path.read_bytes() == whole and verify(store, KEYS, "d").damaged == ()
    path.write_bytes(whole[:-1] + b"!")
    with pytest.raises(Tampered, match=r"it is a copy\. Remove it"):
        describe(store, KEYS, slice_of(store, KEYS, "d"))
    path.unlink()
    assert len(shown(store)) == 30


def test_a_redaction_that_comes_while_a_group_is_written_drops_it(store: Any, tmp_path: Path) -> None:
    appended(store, tmp_path, 0, 3)
    real = store.put

    def first(name: str, data: Any) -> bool:
        if "/log/" in name:
            store.put = real
            gone = stands_of(store)[0].named.id
            assert append_entry(
                store, KEYS, "d", read_log(store, KEYS, "d"), NOW, RedactEntry, moved={gone: None}
            )
        return bool(real(name, data))

    store.put = first
    kept = {each.name for each in store.list("data/d/objects/")}
    assert compact(store, KEYS, "d", now=NOW, scratch=tmp_path).segments == 0
    assert {each.name for each in store.list("data/d/objects/")} == kept
    assert len(shown(store)) == 20
