"""Killed writers, full disks and many processes, on a real file system."""

import os
import random
import resource
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest

from comporta.errors import StorageFull
from comporta.store import LocalStore, write_secret


def _stand_still(root: Path, data: bytes | Path, stop: int, said: int) -> None:
    """One put that stops for good before its act number `stop`, so as to be killed exactly there."""
    store, acts, write = LocalStore(root), 0, os.write

    def numbered(name: str) -> Callable[..., Any]:
        real = getattr(os, name)

        def act(*arguments: Any, **options: Any) -> Any:
            nonlocal acts
            if acts == stop:
                write(said, f"before {name}\n".encode())
                time.sleep(60)
            acts += 1
            return real(*arguments, **options)

        return act

    for name in ("open", "write", "fsync", "link", "unlink", "mkdir"):
        setattr(os, name, numbered(name))
    store.put("a/b/c", data)
    write(said, b"done\n")
    time.sleep(60)


@pytest.mark.parametrize("how", ["bytes", "file"])
def test_a_writer_killed_between_any_two_acts_leaves_all_or_nothing(tmp_path: Path, how: str) -> None:
    seen, ended = set(), False
    for stop in range(40):
        root, source = tmp_path / f"{stop}", tmp_path / "source"
        source.write_bytes(b"x" * 100_000)
        data = source if how == "file" else b"x" * 100_000
        out, into = os.pipe()
        writer = get_context("fork").Process(target=_stand_still, args=(root, data, stop, into))
        writer.start()
        os.close(into)
        with os.fdopen(out) as pipe:
            said = pipe.readline().strip()
            writer.kill()
            writer.join()
        store = LocalStore(root)
        names = [(entry.name, entry.size) for entry in store.list()]
        assert names in ([], [("a/b/c", 100_000)]), said
        seen.add(bool(names))
        assert (store.put("a/b/c", b"x" * 100_000)) is not bool(names)
        assert store.get("a/b/c") == b"x" * 100_000
        if said == "done":
            ended = True
            assert names
            break
    assert ended
    assert seen == {True, False}


def _put_until_killed(root: str, acknowledged: int) -> None:
    store = LocalStore(root)
    number = 0
    while True:
        name = f"objects/{number % 50:02d}/{os.getpid()}-{number}"
        store.put(name, name.encode() * 200)
        os.write(acknowledged, f"{name}\n".encode())
        number += 1


def test_what_was_acknowledged_is_there_after_kills_at_random_moments(tmp_path: Path) -> None:
    context = get_context("fork")
    chance = random.Random(7)
    for _ in range(12):
        out, into = os.pipe()
        writer = context.Process(target=_put_until_killed, args=(str(tmp_path), into))
        writer.start()
        os.close(into)
        time.sleep(chance.uniform(0.005, 0.08))
        assert writer.pid is not None
        os.kill(writer.pid, signal.SIGKILL)
        writer.join()
        with os.fdopen(out) as pipe:
            acknowledged = [line.rstrip("\n") for line in pipe if line.endswith("\n")]
        store = LocalStore(tmp_path)
        for name in acknowledged:
            assert store.get(name) == name.encode() * 200
        for entry in store.list():
            assert entry.size == 200 * len(entry.name)
    # What the killed left is gone as soon as it is old.
    old = time.time() - 3600
    for left in (tmp_path / "~writing").iterdir():
        os.utime(left, (old, old))
    LocalStore(tmp_path)
    assert list((tmp_path / "~writing").iterdir()) == []


@pytest.fixture
def big_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("elsewhere") / "big"
    path.write_bytes(b"x" * 2_000_000)
    return path


@pytest.fixture
def small_disk(tmp_path: Path, big_file: Path) -> Iterator[Path]:
    """A file system of 1 MB where we may mount one; else a limit on the size of any file."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(tmp_path)], capture_output=True, check=False
    )
    if mounted.returncode == 0:
        try:
            yield tmp_path
        finally:
            subprocess.run(["umount", "-l", str(tmp_path)], check=True)
    else:
        was = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, was[1]))
        try:
            yield tmp_path
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, was)


@pytest.mark.parametrize("how", ["bytes", "file"])
def test_a_full_disk_is_said_and_nothing_is_half_written(small_disk: Path, how: str, big_file: Path) -> None:
    store = LocalStore(small_disk / "store")
    store.put("a/small", b"kept")
    if how == "file" and not os.path.ismount(small_disk):
        assert store.put("a/big", big_file)  # moved on one file system: it takes no space
        return
    with pytest.raises(StorageFull, match=r"nothing was half-written.*store gc"):
        store.put("a/big", b"x" * 2_000_000 if how == "bytes" else big_file)
    assert [entry.name for entry in store.list()] == ["a/small"]
    assert list((small_disk / "store/~writing").iterdir()) == []
    assert store.get("a/small") == b"kept"
    assert big_file.exists()
    # Space was freed: the same store goes on.
    assert store.put("a/after", b"x" * 1000)


def test_a_secret_on_a_full_disk_is_not_half_written(small_disk: Path) -> None:
    if not os.path.ismount(small_disk):
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    else:
        with (small_disk / "ballast").open("wb", buffering=0) as ballast:
            try:
                while True:
                    ballast.write(b"x" * 4096)
            except OSError:
                pass
    with pytest.raises(StorageFull):
        write_secret(small_disk / "comporta.key")
    assert [path.name for path in small_disk.iterdir() if "key" in path.name] == []


def _race(root: str, writer: int, names: int, won: int) -> None:
    store = LocalStore(root)
    for number in range(names):
        if store.put(f"race/{number}", bytes([writer]) * 5000):
            os.write(won, b"%d %d\n" % (writer, number))


def test_of_processes_that_put_the_same_names_each_name_has_one_winner(tmp_path: Path) -> None:
    context = get_context("fork")
    out, into = os.pipe()
    writers = [context.Process(target=_race, args=(str(tmp_path), each, 40, into)) for each in range(6)]
    for writer in writers:
        writer.start()
    os.close(into)
    with os.fdopen(out) as pipe:
        won = dict(reversed([int(part) for part in line.split()]) for line in pipe)  # type: ignore[misc]
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [0] * 6
    store = LocalStore(tmp_path)
    assert sorted(won) == list(range(40))
    for number, writer_of in won.items():
        assert store.get(f"race/{number}") == bytes([writer_of]) * 5000
