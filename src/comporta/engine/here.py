"""Where a run lives on this machine while it lasts: a folder, and a lock that only its process can hold.

The system frees the lock when the process ends, however it ends; so another run can tell at once that this
one is gone, and need not wait for its lease.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from pathlib import Path


class Here:
    """The runs below `<root>/.comporta/runs`."""

    def __init__(self, root: Path) -> None:
        self._runs = root / ".comporta" / "runs"

    @contextlib.contextmanager
    def living(self, run: str) -> Iterator[Path]:
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

    def gone(self, run: str) -> bool:
        """Whether the run was of this machine and its process has ended without ending the run."""
        try:
            lock = os.open(self._runs / run / "lock", os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        finally:
            os.close(lock)
        return True

    def left(self) -> list[str]:
        """Runs whose process has ended without ending them."""
        try:
            names = sorted(os.listdir(self._runs))  # noqa: PTH208
        except OSError:
            return []
        return [name for name in names if self.gone(name)]

    def clear(self, run: str) -> None:
        """Removes what such a run left."""
        shutil.rmtree(self._runs / run, ignore_errors=True)
