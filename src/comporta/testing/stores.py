"""What every store must do, as tests: subclass `StoreContract` and give it a store."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from comporta.errors import BadProject, NotFound
from comporta.store import Store

REFUSED_NAMES = (
    "", "/", "/etc/passwd", "..", ".", "../up", "a/../b", "a/./b", "a//b", "a/", "/a", "a b", "a\\b", "a\nb",
    "a\0b", "é", "~writing/x", "C:x", "a/" + "x" * 256, "/".join(["x" * 200] * 6), "a\n",
)  # fmt: skip


class StoreContract:
    """Give a fixture `store`: an empty store, new for each test.

    >>> class TestMine(StoreContract):
    ...     @pytest.fixture
    ...     def store(self, tmp_path):
    ...         return MyStore(tmp_path)
    """

    def test_what_is_put_can_be_got(self, store: Store) -> None:
        assert store.put("a/b", b"bytes") is True
        assert store.get("a/b") == b"bytes"

    def test_nothing_at_all_can_be_put(self, store: Store) -> None:
        assert store.put("empty", b"") is True
        assert store.get("empty") == b""
        assert [entry.size for entry in store.list()] == [0]

    def test_many_bytes_can_be_put(self, store: Store) -> None:
        many = bytes(range(256)) * 40_000
        store.put("many", many)
        assert store.get("many") == many

    def test_a_name_is_taken_once_and_its_bytes_stay(self, store: Store) -> None:
        store.put("a", b"first")
        assert store.put("a", b"second") is False
        assert store.put("a", b"first") is False
        assert store.get("a") == b"first"

    def test_a_file_can_be_put(self, store: Store, tmp_path: Path) -> None:
        file = tmp_path / "a file.bin"
        file.write_bytes(b"of a file")
        assert store.put("f", file) is True
        assert store.get("f") == b"of a file"

    def test_a_file_put_through_a_link_leaves_the_original_alone(self, store: Store, tmp_path: Path) -> None:
        original, file = tmp_path / "original", tmp_path / "link"
        original.write_bytes(b"kept")
        file.symlink_to(original)
        assert store.put("f", file) is True
        original.write_bytes(b"changed later")
        assert store.get("f") == b"kept"

    def test_a_file_put_under_a_taken_name_changes_nothing(self, store: Store, tmp_path: Path) -> None:
        file = tmp_path / "file"
        file.write_bytes(b"second")
        store.put("a", b"first")
        assert store.put("a", file) is False
        assert store.get("a") == b"first"
        assert file.read_bytes() == b"second"

    def test_what_is_not_there_is_said_by_name(self, store: Store) -> None:
        store.put("a/b", b"")
        for name in ("missing", "no/where"):
            with pytest.raises(NotFound, match=name):
                store.get(name)

    def test_what_is_deleted_is_gone_and_may_come_again(self, store: Store) -> None:
        store.put("a", b"first")
        store.delete("a")
        with pytest.raises(NotFound):
            store.get("a")
        assert list(store.list()) == []
        assert store.put("a", b"second") is True
        assert store.get("a") == b"second"

    def test_what_is_not_there_may_be_deleted(self, store: Store) -> None:
        store.put("a/b", b"stays")
        for name in ("missing", "no/where"):
            store.delete(name)
        assert store.get("a/b") == b"stays"

    def test_names_are_listed_in_order_of_their_whole_text(self, store: Store) -> None:
        names = ["a-b", "a.b/c", "a/a", "a/b/c", "a/b-c", "a0", "B", "b", "a/b.c"]
        for name in names:
            store.put(name, name.encode())
        assert [entry.name for entry in store.list()] == sorted(names)
        assert [entry.size for entry in store.list()] == [len(name) for name in sorted(names)]
        assert all(entry.at.tzinfo is not None for entry in store.list())

    @pytest.mark.parametrize("prefix", ["a", "a/", "a/b", "a/b/", "a-", "ab", "b", "missing/", "a/b/c"])
    def test_a_prefix_is_the_beginning_of_a_name(self, store: Store, prefix: str) -> None:
        names = ["a-b", "a/a", "a/b/c", "a/b/d", "a/bc/d", "ab/c", "b"]
        for name in names:
            store.put(name, b"")
        expected = sorted(name for name in names if name.startswith(prefix))
        assert [entry.name for entry in store.list(prefix)] == expected

    @pytest.mark.parametrize("name", REFUSED_NAMES)
    def test_a_name_that_could_point_elsewhere_is_refused(self, store: Store, name: str) -> None:
        acts: list[Callable[[], object]] = [
            lambda: store.put(name, b"x"), lambda: store.get(name), lambda: store.delete(name),
        ]  # fmt: skip
        for act in acts:
            with pytest.raises(BadProject, match="expected"):
                act()
        assert list(store.list()) == []

    def test_a_prefix_that_could_point_elsewhere_is_refused(self, store: Store) -> None:
        for prefix in ("../", "/", "a/../", "/etc"):
            with pytest.raises(BadProject):
                list(store.list(prefix))

    def test_of_writers_at_once_one_wins_and_its_bytes_are_there(self, store: Store) -> None:
        ready = threading.Barrier(8)

        def write(writer: int) -> bool:
            ready.wait()
            return store.put("same", bytes([writer]) * 100_000)

        with ThreadPoolExecutor(8) as pool:
            won = list(pool.map(write, range(8)))
        assert sum(won) == 1
        assert store.get("same") == bytes([won.index(True)]) * 100_000

    def test_a_reader_sees_all_of_an_object_or_nothing(self, store: Store) -> None:
        whole = b"w" * 3_000_000
        done = threading.Event()

        def read() -> set[int]:
            seen = set()
            while not done.is_set():
                for entry in store.list("o"):
                    seen.add(entry.size)
                    seen.add(len(store.get(entry.name)))
            return seen

        with ThreadPoolExecutor(1) as pool:
            seen = pool.submit(read)
            for number in range(8):
                store.put(f"o{number}", whole)
            done.set()
            assert seen.result() <= {len(whole)}

    def test_it_says_where_it_is(self, store: Store) -> None:
        assert "://" in store.url
        assert not store.url.endswith("/")
