"""A run's folder on this machine, with a lock that only the run's process can hold.

The system frees the lock when the process ends, however it ends; so another run can tell at once that this
one has ended, and need not wait for its lease.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path


def is_locked(file: Path) -> bool | None:
    """Whether a living process of this machine holds the lock of this file; None where there is none that can
    be opened."""
    try:
        lock = os.open(file, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(lock)
    return False


class RunFolders:
    """The folders of runs below `<root>/.comporta/runs`."""

    def __init__(self, root: Path) -> None:
        self._runs = root / ".comporta" / "runs"

    @contextlib.contextmanager
    def open_folder(self, run: str) -> Iterator[Path]:
        """A folder for the run, locked. It stays, unlocked, where the body raises: whether the run's end
        was recorded is not sure then, and the next run sees to it."""
        folder = self._runs / run
        folder.mkdir(mode=0o700, parents=True)
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield folder
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(lock)

    def has_ended(self, run: str) -> bool:
        """Whether the run was on this machine and its process ended without recording the run's end."""
        return is_locked(self._runs / run / "lock") is False

    def ended_runs(self) -> list[str]:
        """The runs whose process ended without recording their end."""
        try:
            names = sorted(os.listdir(self._runs))  # noqa: PTH208
        except OSError:
            return []
        return [name for name in names if self.has_ended(name)]

    def remove(self, run: str) -> None:
        """Removes the run's folder."""
        shutil.rmtree(self._runs / run, ignore_errors=True)
