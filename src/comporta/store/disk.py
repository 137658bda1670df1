"""What it takes for a file to survive a power cut: fsync of the file and of the folder that names it."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from comporta.errors import BadProject, StorageFull

# EFBIG: the process may write no larger file (RLIMIT_FSIZE): to its user a full disk too.
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
# ENOTSUP, EPERM: a file system without hard links (exFAT, some network shares) answers so.
_BARRED = {
    errno.EACCES,
    errno.EROFS,
    errno.EPERM,
    errno.ENOTSUP,
    errno.EOPNOTSUPP,
    errno.ENOTDIR,
    errno.EEXIST,
}


@contextmanager
def in_plain_words(where: str) -> Iterator[None]:
    """Turns what the system says of space and rights into StorageFull and BadProject that help."""
    try:
        yield
    except OSError as error:
        said = os.strerror(error.errno or 0)
        if error.errno in _FULL:
            raise StorageFull(
                f"{where}: {said}; nothing was half-written. "
                "Free some space (`comporta store gc` shows what can go) and run again."
            ) from error
        if error.errno == errno.EROFS:
            raise BadProject(
                f"{where}: lies on a disk that can only be read ({error.filename or '?'}). Choose another "
                "place, or have the disk mounted for writing."
            ) from error
        if error.errno in _BARRED:
            raise BadProject(
                f"{where}: cannot be written ({said}: {error.filename or '?'}). Correct its permissions, or "
                "choose another place on a file system that knows hard links."
            ) from error
        raise


def sync(descriptor: int) -> None:
    """Durable on the medium, not only handed to it."""
    if sys.platform == "darwin":
        import fcntl

        # On macOS fsync stops at the drive's cache; F_FULLFSYNC does not (man 2 fsync).
        fcntl.fcntl(descriptor, fcntl.F_FULLFSYNC)
    else:
        os.fsync(descriptor)


def sync_folder(folder: Path | str) -> None:
    """The folder's entries as they stand, durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        sync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """The folder and those above it, 0700 and durable where they are new."""
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for each in reversed(missing):
        try:
            each.mkdir(mode=0o700)
        except FileExistsError:
            if not each.is_dir():
                raise
        sync_folder(each.parent)


def write_all(descriptor: int, data: bytes) -> None:
    """Every byte: a write may take fewer than it was given."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
