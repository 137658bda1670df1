"""The newest versions of a dataset are listed by reading their manifests alone."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from comporta.data import add, is_dataset, list_newest, list_versions
from comporta.errors import Tampered
from comporta.records import DatasetSchema
from comporta.store import MemoryStore, derive

KEYS = derive(b"k" * 32)
SHAPE = DatasetSchema(name="d", key=("id",))
MANY = 12


class CountingStore(MemoryStore):
    """A store that knows what was read of it."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[str] = []

    def get(self, name: str) -> bytes:
        self.read.append(name)
        return super().get(name)


@pytest.fixture
def store(tmp_path: Path) -> CountingStore:
    made = CountingStore()
    for number in range(MANY):
        rows = pl.DataFrame({"id": [number]})
        add(made, KEYS, SHAPE, rows, change="append", now=datetime.now(UTC), scratch=tmp_path)
    made.read.clear()
    return made


def manifests(store: CountingStore) -> int:
    return sum("/manifests/" in name for name in store.read)


def test_the_newest_come_newest_last_and_no_other_manifest_is_read(store):
    assert [each.number for each in list_newest(store, KEYS, "d", 3)] == [10, 11, 12]
    assert manifests(store) == 3
    assert [each.number for each in list_newest(store, KEYS, "d")] == list(range(1, MANY + 1))
    assert list_newest(store, KEYS, "nothing", 3) == []


def test_what_follows_a_known_version_is_found_without_those_before_it(store):
    assert [each.number for each in list_versions(store, "d", after=MANY - 1)] == [MANY]
    assert manifests(store) == 1 and len(store.read) <= 3


def test_a_changed_manifest_is_refused(store):
    (newest,) = list_newest(store, KEYS, "d", 1)
    name = f"data/d/manifests/{newest.id}.json"
    text = store.get(name)
    store.delete(name)
    store.put(name, text.replace(b'"rows":12', b'"rows":13'))
    with pytest.raises(Tampered):
        list_newest(store, KEYS, "d", 1)


@pytest.mark.parametrize(
    ("name", "so"), [("d", True), ("e", False), ("", False), ("../d", False), ("d/log", False)]
)
def test_a_name_is_a_dataset_s_where_something_of_it_is_kept(store, name, so):
    assert is_dataset(store, name) is so
