import errno
import os
import stat
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from comporta.errors import BadProject, MissingExtra, NotFound, Refused, WrongKey
from comporta.store import LocalStore, MemoryStore, open_store, read_secret, sweep, usage, write_secret
from comporta.testing import Clock


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_only_its_owner_may_read_a_store(tmp_path: Path) -> None:
    was = os.umask(0)
    try:
        store = LocalStore(tmp_path / "new" / "store")
        store.put("a/b/c", b"x")
        file = tmp_path / "file"
        file.write_bytes(b"y")
        file.chmod(0o666)
        store.put("a/f", file)
    finally:
        os.umask(was)
    for folder in ("new", "new/store", "new/store/a", "new/store/a/b", "new/store/~writing"):
        assert mode(tmp_path / folder) == 0o700, folder
    for name in ("a/b/c", "a/f"):
        assert mode(tmp_path / "new/store" / name) == 0o600, name


def test_a_file_that_was_put_has_moved(tmp_path: Path) -> None:
    store, file = LocalStore(tmp_path / "s"), tmp_path / "file"
    file.write_bytes(b"x")
    inode = file.stat().st_ino
    assert store.put("f", file)
    assert not file.exists()
    assert (tmp_path / "s/f").stat().st_ino == inode


def test_nothing_is_left_behind_by_a_put(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    store.put("a", b"x")
    store.put("a", b"x")
    assert list((tmp_path / "~writing").iterdir()) == []


def test_a_link_inside_the_store_leads_nowhere_else(tmp_path: Path) -> None:
    store, outside = LocalStore(tmp_path / "s"), tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    (tmp_path / "s/link").symlink_to(outside)
    for act in (
        lambda: store.put("link/new", b""), lambda: store.get("link/secret"),
        lambda: store.delete("link/secret"),
    ):  # fmt: skip
        with pytest.raises(Refused, match="symbolic link"):
            act()
    assert [path.name for path in outside.iterdir()] == ["secret"]
    assert list(store.list()) == []


def test_a_name_is_an_object_or_the_beginning_of_others(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    store.put("a/b", b"")
    for name in ("a", "a/b/c"):
        with pytest.raises(BadProject, match="Rename"):
            store.put(name, b"")
        with pytest.raises(NotFound):
            store.get(name)
        store.delete(name)
    assert [entry.name for entry in store.list()] == ["a/b"]


def test_a_store_may_lie_behind_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    store = LocalStore(tmp_path / "link" / "store")
    assert store.put("a/b", b"x")
    assert (tmp_path / "real/store/a/b").read_bytes() == b"x"


def test_polars_reads_what_lies_at_the_stores_url(tmp_path: Path) -> None:
    file, store = tmp_path / "frame", LocalStore(tmp_path / "a store")
    pl.DataFrame({"x": [1, 2]}).write_parquet(file)
    store.put("data/x.parquet", file)
    assert pl.scan_parquet(f"{store.url}/data/x.parquet").collect().height == 2


def test_what_killed_writers_left_is_swept_and_what_is_being_written_is_not(tmp_path: Path) -> None:
    LocalStore(tmp_path)
    old = time.time() - 3600
    left, writing, new = (tmp_path / "~writing" / name for name in ("left", "writing", "new"))
    for path in (left, writing, new):
        path.write_bytes(b"part")
    for path in (left, writing):
        os.utime(path, (old, old))
    import fcntl

    with writing.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        LocalStore(tmp_path)
    assert not left.exists()
    assert writing.exists()
    assert new.exists()


def test_usage_is_by_the_first_parts_of_names() -> None:
    store = MemoryStore()
    for name in ("artifacts/ab/1", "artifacts/cd/22", "data/flights/log/0", "loose"):
        store.put(name, name.encode())
    assert [(used.prefix, used.objects, used.size) for used in usage(store)] == [
        ("artifacts/", 2, 29), ("data/", 1, 18), ("loose", 1, 5),
    ]  # fmt: skip
    assert [used.prefix for used in usage(store, depth=2, prefix="data/")] == ["data/flights/"]


def test_a_sweep_frees_only_what_is_old_unreached_and_known() -> None:
    clock = Clock()
    store = MemoryStore(clock)
    for name in ("artifacts/aa/reached", "artifacts/bb/lost", "data/x/objects/lost", "other/lost"):
        store.put(name, b"1234")
    clock.forward(days=2)
    store.put("artifacts/cc/young", b"1")
    reachable = {"artifacts/aa/reached"}
    dry = sweep(store, reachable, now=clock(), dry=True)
    assert len(list(store.list())) == 5
    wet = sweep(store, reachable, now=clock())
    assert [entry.name for entry in wet.freed] == ["artifacts/bb/lost"] == [entry.name for entry in dry.freed]
    assert (wet.size, wet.in_use, wet.young, wet.dry, dry.dry) == (4, 1, 1, False, True)
    assert [entry.name for entry in store.list()] == [
        "artifacts/aa/reached", "artifacts/cc/young", "data/x/objects/lost", "other/lost",
    ]  # fmt: skip


def test_what_a_running_writer_put_again_is_not_swept(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    store.put("artifacts/aa/x", b"x")
    old = time.time() - 10 * 86400
    os.utime(tmp_path / "artifacts/aa/x", (old, old))
    now = datetime.now(UTC)
    assert sweep(store, set(), now=now, dry=True).freed
    assert store.put("artifacts/aa/x", b"x") is False
    assert not sweep(store, set(), now=now + timedelta(hours=1)).freed


def test_a_sweep_of_everything_is_refused() -> None:
    for prefix in ("", "arti"):
        with pytest.raises(BadProject, match="sweep"):
            sweep(MemoryStore(), set(), now=datetime.now(UTC), prefixes=(prefix,))


def test_a_secret_is_written_once_and_read_back(tmp_path: Path) -> None:
    was = os.umask(0)
    try:
        secret = write_secret(tmp_path / "comporta.key")
    finally:
        os.umask(was)
    assert len(secret) == 32
    assert mode(tmp_path / "comporta.key") == 0o600
    assert read_secret("file://comporta.key", tmp_path) == secret
    assert read_secret((tmp_path / "comporta.key").as_uri(), Path("/")) == secret
    with pytest.raises(Refused, match="one already"):
        write_secret(tmp_path / "comporta.key")
    assert read_secret("file://comporta.key", tmp_path) == secret
    assert [path.name for path in tmp_path.iterdir()] == ["comporta.key"]


def test_a_secret_can_be_carried_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = write_secret(tmp_path / "one")
    assert write_secret(tmp_path / "two", secret) == secret
    monkeypatch.setenv("THE_KEY", secret.hex())
    assert read_secret("env://THE_KEY", tmp_path) == secret
    with pytest.raises(WrongKey, match="31 bytes"):
        write_secret(tmp_path / "three", secret[1:])


@pytest.mark.parametrize("text", ["", "abc", "zz" * 32, "ab" * 31, "ab" * 33])
def test_a_secret_that_is_none_is_said_so(tmp_path: Path, text: str) -> None:
    (tmp_path / "k").write_text(text)
    with pytest.raises(WrongKey, match=r"64 hex digits\. .*key import"):
        read_secret("file://k", tmp_path)


def test_a_missing_secret_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(WrongKey, match="comporta init"):
        read_secret("file://missing", tmp_path)
    with pytest.raises(WrongKey, match="not set"):
        read_secret("env://COMPORTA_NO_SUCH_VARIABLE", tmp_path)
    with pytest.raises(BadProject, match="env://NAME"):
        read_secret("vault://x", tmp_path)


@pytest.mark.parametrize("url", ["", "store", "ftp://x", "file://", "s3://", "/abs/path"])
def test_a_url_that_is_no_store_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(BadProject, match=r"expected|Check"):
        open_store(url, tmp_path)


def test_an_object_store_without_its_extra_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "obstore.store", None)
    with pytest.raises(MissingExtra, match=r"comporta\[objects\]"):
        open_store("s3://bucket/prefix", tmp_path)


def test_a_place_that_cannot_be_a_store_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for place in ("file", "file/below"):
        with pytest.raises(BadProject, match="cannot be written"):
            open_store(f"file://{place}", tmp_path)


def test_a_file_system_without_hard_links_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, file = LocalStore(tmp_path / "s"), tmp_path / "file"
    file.write_bytes(b"x")

    def refuse(*arguments: object, **options: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    for data in (b"x", file):
        with pytest.raises(BadProject, match="hard links"):
            store.put("a", data)
    assert file.exists()
    assert list(store.list()) == []
    assert list((tmp_path / "s/~writing").iterdir()) == []
