"""The log says when it is not what was written, and by which key; names and times find versions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from comporta.data import (
    add,
    describe,
    list_datasets,
    list_versions,
    manifest_of,
    reachable_objects,
    scan_slice,
    slice_of,
    tag_version,
)
from comporta.data import dataset_log as logs
from comporta.data.names import entry_name, manifest_name
from comporta.errors import BadProject, Busy, NotFound, Tampered, WrongKey
from comporta.records import Column, DatasetSchema
from comporta.store import LocalStore, MemoryStore, Store, derive

KEYS = derive(b"k" * 32)
START = datetime(2026, 1, 1, tzinfo=UTC)
SHAPE = DatasetSchema(name="d", key=("id",))


def three(store: Store, scratch: Path) -> None:
    for day in range(3):
        rows = pl.DataFrame({"id": range(day + 1), "x": [day] * (day + 1)})
        now = START + timedelta(days=day)
        add(store, KEYS, SHAPE, rows, change="replace", now=now, scratch=scratch)


@pytest.fixture
def store(tmp_path: Path) -> MemoryStore:
    logs._seen.clear()
    made = MemoryStore()
    three(made, tmp_path)
    return made


def change(store: Store, name: str, data: bytes | None) -> None:
    store.delete(name)
    if data is not None:
        store.put(name, data)


def test_a_version_is_found_by_number_by_time_and_by_name(store: MemoryStore) -> None:
    tag_version(store, KEYS, "d", "golden", manifest_of(store, KEYS, "d", 2).id, now=START)
    assert slice_of(store, KEYS, "d").number == 3
    assert slice_of(store, KEYS, "d", number=1).rows == 1
    assert slice_of(store, KEYS, "d", at=START + timedelta(hours=30)).number == 2
    assert slice_of(store, KEYS, "d", tag="golden").number == 2
    for asked, told in (({"at": START - timedelta(1)}, "no version at"), ({"tag": "no"}, "one of: golden"),
                        ({"number": 9}, "expected 1 to 3"), ({"columns": ["y"]}, "among id, x")):  # fmt: skip
        with pytest.raises(NotFound, match=told):
            slice_of(store, KEYS, "d", **asked)  # type: ignore[arg-type]
    with pytest.raises(BadProject, match="declares no `time`"):
        slice_of(store, KEYS, "d", since=START)
    with pytest.raises(NotFound, match="other: found no version"):
        slice_of(store, KEYS, "other")
    assert [each.number for each in list_versions(store, "d", after=1)] == [2, 3]
    assert list_versions(store, "other") == [] and list_datasets(store) == ["d"]


def test_a_slice_reads_only_its_columns_and_tells_them_apart(store: MemoryStore) -> None:
    some, whole = slice_of(store, KEYS, "d", columns=["x"]), slice_of(store, KEYS, "d")
    assert scan_slice(store, KEYS, some).collect_schema().names() == ["x"]
    assert some.digest != whole.digest
    assert whole.digest == slice_of(store, KEYS, "d", columns=["id", "x"]).digest


@pytest.mark.parametrize("cold", [True, False])
def test_another_key_is_one_clear_error(store: MemoryStore, cold: bool) -> None:
    if cold:
        logs._seen.clear()
    other = derive(b"o" * 32)
    with pytest.raises(WrongKey, match=f"found the key {other.fingerprint}, expected {KEYS.fingerprint}"):
        slice_of(store, other, "d")


@pytest.mark.parametrize("n", [1, 2, 3])
def test_an_entry_that_was_changed_is_told(store: MemoryStore, n: int) -> None:
    logs._seen.clear()
    name = entry_name("d", n)
    data = store.get(name)
    change(store, name, data.replace(b"2026-01-0", b"2025-01-0"))
    if n < 3:  # of the last one only what follows can tell
        with pytest.raises(Tampered, match="does not follow"):
            slice_of(store, KEYS, "d")
    change(store, name, b"{}")
    with pytest.raises(Tampered, match="cannot be read"):
        slice_of(store, KEYS, "d")


def test_an_entry_that_is_missing_is_told(store: MemoryStore) -> None:
    logs._seen.clear()
    change(store, entry_name("d", 2), None)
    with pytest.raises(Tampered, match="log entry 2 is missing"):
        slice_of(store, KEYS, "d")


def test_a_manifest_that_was_changed_is_told(store: MemoryStore) -> None:
    name = manifest_name("d", manifest_of(store, KEYS, "d").id)
    change(store, name, store.get(name).replace(b'"rows":3', b'"rows":4'))
    with pytest.raises(Tampered, match="is not what was written"):
        slice_of(store, KEYS, "d")


def test_writers_who_never_come_first_say_so(store: MemoryStore, tmp_path: Path) -> None:
    class Crowded(MemoryStore):
        def put(self, name: str, data: bytes | Path) -> bool:
            return "/log/" not in name and super().put(name, data)

    with pytest.raises(Busy, match="other writers were first"):
        three(Crowded(), tmp_path)


def test_what_no_version_reaches_may_go(store: MemoryStore, tmp_path: Path) -> None:
    local = LocalStore(tmp_path / "store")
    three(local, tmp_path)
    orphan = "data/d/objects/00/" + "0" * 64 + ".parquet"
    local.put(orphan, b"left over")
    every = {entry.name for entry in local.list("data/")}
    assert every - reachable_objects(local, KEYS) == {orphan}


def test_a_description_sums_up_each_column_and_hides_personal_values(tmp_path: Path) -> None:
    store = MemoryStore()
    columns = (Column("mail", personal=True), Column("x", meaning="how much"))
    shape = DatasetSchema(name="d", key=("id",), subject="who", columns=columns)
    rows: Any = pl.DataFrame(
        {
            "id": [1, 2, 3],
            "who": ["a", "b", None],
            "mail": ["q@q", "r@r", None],
            "x": [0.5, None, 2.5],
            "l": [[1], [], None],
        }
    )
    add(store, KEYS, shape, rows, change="replace", now=START, scratch=tmp_path)
    told = describe(store, KEYS, slice_of(store, KEYS, "d"))
    by_name = {column.name: column for column in told.columns}
    assert (told.rows, by_name["x"].nulls, by_name["x"].least, by_name["x"].most) == (3, 1, "0.5", "2.5")
    assert by_name["x"].meaning == "how much" and by_name["id"].distinct == 3
    for name in ("who", "mail"):
        assert by_name[name].personal and by_name[name].least is None and by_name[name].most is None


def test_distinct_values_are_counted_where_rows_are_few_and_told_as_estimated_where_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = MemoryStore()
    rows: Any = pl.DataFrame({"id": list(range(5000)), "few": [None, 1, 2, 2] * 1250, "none": [None] * 5000})
    add(
        store, KEYS, DatasetSchema(name="d", key=("id",)), rows, change="replace", now=START, scratch=tmp_path
    )

    def told() -> list[tuple[int, bool]]:
        found = describe(store, KEYS, slice_of(store, KEYS, "d"))
        return [(each.distinct, each.approximate) for each in found.columns]

    assert told() == [(5000, False), (2, False), (0, False)]
    monkeypatch.setattr("comporta.data.catalog.EXACT", 4999)
    ids, few, _ = told()
    assert ids[1] and few == (2, True) and 4500 < ids[0] < 5500
