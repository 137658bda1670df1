"""Every store, through the suite that is shipped for stores made elsewhere."""

from pathlib import Path

import obstore.store
import pytest

from comporta.store import LocalStore, MemoryStore, SharedStore, Store, address, open_store, projects_in
from comporta.store.objects import ObjectStore
from comporta.testing import StoreContract


class TestMemoryStore(StoreContract):
    @pytest.fixture
    def store(self) -> Store:
        return MemoryStore()


class TestLocalStore(StoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        return LocalStore(tmp_path / "a store")


class TestLocalStoreByUrl(StoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        return open_store("file://deep/in/the%20project", tmp_path)


class TestPartOfAFolder(StoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        return open_store("file://store", tmp_path, "shop")


class TestPartOfObjects(StoreContract):
    @pytest.fixture
    def store(self) -> Store:
        own = ObjectStore(obstore.store.MemoryStore(), "memory://objects/projects/shop")
        return SharedStore(own, ObjectStore(obstore.store.MemoryStore(), "memory://objects"), "shop")


def test_projects_share_artifacts_and_nothing_else(tmp_path: Path) -> None:
    one, two, whole = (open_store("file://store", tmp_path, name) for name in ("one", "two", "default"))
    for number, store in enumerate((one, two, whole)):
        store.put("data/rows/x", b"%d" % number)
    assert [store.get("data/rows/x") for store in (one, two, whole)] == [b"0", b"1", b"2"]
    assert one.put("artifacts/aa/a", b"equal")
    assert not two.put("artifacts/aa/a", b"equal")
    assert whole.get("artifacts/aa/a") == two.get("artifacts/aa/a") == b"equal"
    assert [entry.name for entry in two.list()] == ["artifacts/aa/a", "data/rows/x"]
    assert projects_in(one) == projects_in(whole) == {"one", "two", "default"}
    again = open_store(address(two), tmp_path)
    assert (again.url, again.get("data/rows/x")) == (two.url, b"1")
    assert open_store(address(whole), tmp_path).get("data/rows/x") == b"2"
    two.delete("artifacts/aa/a")
    assert [entry.name for entry in one.list("art")] == []


class TestObjectsInMemory(StoreContract):
    @pytest.fixture
    def store(self) -> Store:
        return ObjectStore(obstore.store.MemoryStore(), "memory://objects")


class TestObjectsInAFolder(StoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        inner = obstore.store.LocalStore(tmp_path / "objects", mkdir=True)
        return ObjectStore(inner, (tmp_path / "objects").as_uri())
