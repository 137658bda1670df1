"""A disk that is full or may not be written: one message, nothing half-written, and then it goes on."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

Folder = Any


@pytest.fixture
def disk(folder: Folder, tmp_path: Path) -> Iterator[tuple[Folder, Path]]:
    """The folder on a disk of its own of 3 MB, where we may mount one; else only the folder."""
    at = tmp_path.resolve() / "disk"
    at.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(at)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        yield folder, at
        return
    try:
        shutil.copytree(folder.root, at / "tiny")
        yield type(folder)(at / "tiny"), at
    finally:
        subprocess.run(["umount", "-l", str(at)], check=True)


@contextmanager
def left(at: Path, free: int) -> Iterator[None]:
    """So many bytes free, until the body ends; without a disk of our own, no file may grow beyond them."""
    if not os.path.ismount(at):
        yield
        return
    there = os.statvfs(at)
    ballast = at / "ballast"
    with ballast.open("wb", buffering=0) as file:
        file.write(bytes(max(0, there.f_bavail * there.f_frsize - free)))
    try:
        yield
    finally:
        ballast.unlink()


def test_a_full_disk_is_told_and_the_run_goes_on_once_there_is_room(disk: tuple[Folder, Path]) -> None:
    folder, at = disk
    limit = [] if os.path.ismount(at) else ["bash", "-c", 'ulimit -f 8; exec "$0" "$@"']
    done: set[str] = set()
    runs = len(folder.runs())
    folder.edit("n = 300", "n = 310")
    for free in (0, 250_000):
        with left(at, free):
            said = folder.ended(folder.start("run", before=limit))
            folder.clear(said)
            assert "space" in said.message or "too large" in said.message, str(said)
            assert "run again" in said.message
            assert len(said.message.splitlines()) == 1
            assert folder.gone()
        # What was answered before it was full is there, and nothing else.
        assert folder.audit().faults == ()
        if len(folder.runs()) > runs:
            done |= {name for name in folder.runs()[0].nodes if not name.startswith("data ")}
    ran = folder.say("run", "--json")
    assert ran.code == 0, str(ran)
    assert done or not os.path.ismount(at), "something was answered before the disk was full"
    assert set(ran.json["run"]["reused"]) >= done
    assert folder.say("audit", "verify").code == 0


def test_on_a_full_disk_what_only_reads_goes_on_and_nothing_unknown_is_freed(
    disk: tuple[Folder, Path],
) -> None:
    folder, at = disk
    limit = [] if os.path.ismount(at) else ["bash", "-c", 'ulimit -f 8; exec "$0" "$@"']
    run = folder.runs()[0].id
    old = folder.root / ".comporta/store/artifacts/00" / ("0" * 64)
    old.parent.mkdir(exist_ok=True)
    old.write_bytes(bytes(300_000))
    os.utime(old, (1e9, 1e9))
    with left(at, 0):
        for words in (
            "models",
            "runs",
            "show " + run,
            "data list",
            "store du",
            "trace high/1",
        ):
            said = folder.ended(folder.start(*words.split(), before=limit))
            assert (said.code, said.err) == (0, ""), f"{words}: {said}"
        said = folder.ended(folder.start("audit", "verify", before=limit))
        assert said.code == 3, said
        assert "older than the first event of the ledger" in said.out
        # It is older than this ledger: another one's, for all that is known, and so it is not freed.
        freed = folder.ended(folder.start("store", "gc", "--json", before=limit))
        folder.clear(freed)
        assert "that are older than this ledger's first event" in freed.message
        assert old.exists()
        old.unlink()
    assert folder.audit().faults == ()
    folder.goes_on()


def test_on_a_full_disk_what_a_killed_run_wrote_last_is_read_too(disk: tuple[Folder, Path]) -> None:
    folder, at = disk
    folder.edit("n = 300", "n = 311")
    process = folder.start("run")
    log = folder.root / ".comporta/ledger.db-wal"
    assert folder.within(
        60, lambda: (log.exists() and log.stat().st_size > 20_000) or process.poll() is not None
    )
    process.kill()
    folder.ended(process)
    assert folder.gone() and log.stat().st_size > 20_000, "its last facts are in the log beside the ledger"
    limit = [] if os.path.ismount(at) else ["bash", "-c", 'ulimit -f 8; exec "$0" "$@"']
    with left(at, 0):
        said = folder.ended(folder.start("runs", "--json", before=limit))
    assert said.code == 0, str(said)
    assert [each["outcome"] for each in said.json] == ["stopped", "done"]
    # Into the ledger, where that has pages to spare, or left where it was: nothing of it cut off.
    assert not log.exists() or log.stat().st_size > 20_000
    folder.goes_on("features high", "split high", "fit high", "export high", "predict high", "score high")


@contextmanager
def unwritable(folder: Folder, at: Path) -> Iterator[None]:
    """Until the body ends, nothing can be written below `.comporta`: not by root either."""
    kept, aside = folder.root / ".comporta", folder.root / "aside"
    if os.path.ismount(at):
        subprocess.run(["mount", "-o", "remount,ro", str(at)], check=True)
        yield
        subprocess.run(["mount", "-o", "remount,rw", str(at)], check=True)
    elif os.geteuid():
        subprocess.run(["chmod", "-R", "a-w", str(kept)], check=True)
        yield
        subprocess.run(["chmod", "-R", "u+w", str(kept)], check=True)
    else:
        kept.rename(aside)
        kept.symlink_to("/sys/kernel")
        yield
        kept.unlink()
        aside.rename(kept)


def test_a_folder_that_may_not_be_written_is_told(disk: tuple[Folder, Path]) -> None:
    folder, at = disk
    with unwritable(folder, at):
        said = folder.refused("run")
    if os.path.ismount(at):
        assert "lies on a disk that can only be read" in said
    else:
        assert "cannot be opened for writing" in said or "cannot be written" in said
        assert "permissions" in said
    folder.goes_on()


def test_a_new_project_on_a_disk_without_room_or_only_to_be_read_is_told_which(
    disk: tuple[Folder, Path],
) -> None:
    folder, at = disk
    if not os.path.ismount(at):
        assert "Make room" in _init(folder, at / "one", ["bash", "-c", 'ulimit -f 0; exec "$0" "$@"'])
        assert not (at / "one" / "project.py").exists(), "no half of a file is left"
        return
    with left(at, 0):
        assert "Make room" in _init(folder, at / "one")
        assert not (at / "one" / "project.py").exists(), "no half of a file is left"
    subprocess.run(["mount", "-o", "remount,ro", str(at)], check=True)
    try:
        for where in (at / "one", at / "two"):
            said = _init(folder, where)
            assert "can only be read" in said and "room" not in said, said
    finally:
        subprocess.run(["mount", "-o", "remount,rw", str(at)], check=True)
    assert folder.say("init", str(at / "one")).code == 0


def _init(folder: Folder, where: Path, before: list[str] | None = None) -> str:
    said = folder.ended(folder.start("init", str(where), before=before or []))
    folder.clear(said)
    return str(said.message)
