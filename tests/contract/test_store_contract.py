"""Every store, through the suite that is shipped for stores made elsewhere."""

from pathlib import Path

import obstore.store
import pytest

from comporta.store import LocalStore, MemoryStore, Store, open_store
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


class TestObjectsInMemory(StoreContract):
    @pytest.fixture
    def store(self) -> Store:
        return ObjectStore(obstore.store.MemoryStore(), "memory://objects")


class TestObjectsInAFolder(StoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        inner = obstore.store.LocalStore(tmp_path / "objects", mkdir=True)
        return ObjectStore(inner, (tmp_path / "objects").as_uri())
