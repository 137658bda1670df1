"""A file or folder that a person named, whole or not at all: a draft beside it takes its place at the end."""

from __future__ import annotations

import errno
import fcntl
import glob
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from comporta.errors import BadProject
from comporta.store.disk import in_plain_words, sync, sync_folder

_ENDING = ".draft"
_LEFT_OVER = 60.0  # seconds; a writer locks its folder within microseconds of making it
_LINKLESS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP)


def require_free(target: Path, *, folder: bool, replace: bool) -> None:
    """Raises BadProject unless a file, or a folder, may be written at this path.

    replace: a file there is replaced, and a folder that holds a Delta table and nothing else.
    """
    with telling_faults(target):
        _require_free(target, folder, replace)


def _require_free(target: Path, folder: bool, replace: bool) -> None:
    what = "a folder" if folder else "a file"
    if not target.exists() or (folder and target.is_dir() and not any(target.iterdir())):
        return
    if (folder and not target.is_dir()) or (not folder and not target.is_file()):
        there = "a folder" if target.is_dir() else "a file" if target.is_file() else "a device"
        raise BadProject(f"{target}: found {there}, expected {what} or nothing. Name another place.")
    if not replace:
        raise _taken_error(target)
    if folder and not _is_table(target):
        raise BadProject(
            f"{target}: found a folder that holds more than a Delta table, which is not replaced. "
            "Name another place."
        )


@contextmanager
def draft_of(target: Path, *, replace: bool) -> Iterator[Path]:
    """A path to write a file or a folder at, which takes the target's place when all is written.

    replace: what stands there goes then; else it stays, and BadProject is raised. Killed before, the target
    is as it was; a draft whose writer was killed goes when the same name is written next, a minute later.
    Raises StorageFull, BadProject.
    """
    with telling_faults(target):
        target = target.resolve()
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_left_over(target)
        folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=_ENDING, dir=target.parent))
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        draft = folder / target.name
        yield draft
        with telling_faults(target):
            if draft.is_dir():
                _sync_below(draft)
                _place_folder(draft, target, replace)
            else:
                _place_file(draft, target, replace)
            sync_folder(target.parent)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _place_file(draft: Path, target: Path, replace: bool) -> None:
    if replace:
        draft.replace(target)
        return
    try:
        target.hardlink_to(draft)
    except FileExistsError:
        raise _taken_error(target) from None
    except OSError as error:
        if error.errno not in _LINKLESS:
            raise
        # A file system without hard links refuses no taken name by itself.
        if target.exists():
            raise _taken_error(target) from None
        draft.replace(target)


def _place_folder(draft: Path, target: Path, replace: bool) -> None:
    aside = draft.with_name("replaced")
    if replace and target.is_dir():
        target.rename(aside)
    try:
        draft.rename(target)  # an empty folder gives way to it, no other does
    except OSError as error:
        if aside.exists():
            aside.rename(target)
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
            raise _taken_error(target) from None
        raise


def _sync_below(folder: Path) -> None:
    for root, _, files in os.walk(folder, topdown=False):
        for name in files:
            with Path(root, name).open("rb") as file:
                sync(file.fileno())
        sync_folder(root)


def _is_table(folder: Path) -> bool:
    """Whether it holds a Delta table and nothing beside it."""
    names = {each.name for each in folder.iterdir()}
    return "_delta_log" in names and all(each == "_delta_log" or each.endswith(".parquet") for each in names)


def _remove_left_over(target: Path) -> None:
    """Drafts of the same name whose writer is gone."""
    for each in target.parent.glob(f".{glob.escape(target.name)}.*{_ENDING}"):
        try:
            if each.stat().st_mtime > time.time() - _LEFT_OVER:
                continue
            descriptor = os.open(each, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            continue  # gone, or no draft of ours
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(each, ignore_errors=True)
        except BlockingIOError:
            continue
        finally:
            os.close(descriptor)


def _taken_error(target: Path) -> BadProject:
    return BadProject(
        f"{target}: exists already, and is not overwritten. Name another place, or add --force."
    )


@contextmanager
def telling_faults(target: Path) -> Iterator[None]:
    """What the system says of writing there, as StorageFull or BadProject."""
    try:
        with in_plain_words(str(target)):
            yield
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise BadProject(f"{target} cannot be written: {why}. Name another place.") from error
