"""How many rows each model version answered and how many of them were written, where a kill leaves it.

In a file mapped into memory: the request path adds to a number there, and the system keeps the page when the
process is killed. Not when the machine loses power: then the file may say less than was answered.
"""

from __future__ import annotations

import fcntl
import mmap
import os
from pathlib import Path
from typing import NamedTuple

from comporta.store.disk import write_all

_SLOT = 256  # bytes: four numbers of 64 bits, then the name
_WORDS = _SLOT // 8
_SLOTS = 4096
_NAMED = 32  # where in a slot its name begins
ANSWERED, WRITTEN, LOST, FLUSHES = range(4)


class RowCounts(NamedTuple):
    """Rows of one model version. lost: of those answered, what is known never to be written. flushes: how
    many writes of the model's rows were begun when the last one ended well."""

    answered: int = 0
    written: int = 0
    lost: int = 0
    flushes: int = 0


class Tally:
    """Counters by model and version. `cells[place + ANSWERED]` and so on are numbers to be added to."""

    def __init__(self, path: Path | None = None) -> None:
        """path: a new file that holds them; None: they live as long as the process. Raises OSError."""
        self._memory: mmap.mmap | bytearray
        self._lock: int | None = None
        if path is None:
            self._memory = bytearray(_SLOTS * _SLOT)
        else:
            self._lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            # Held as long as the process lives: whoever finds the file can tell whether it does.
            fcntl.flock(self._lock, fcntl.LOCK_EX)
            try:
                # All of it now: on a full disk a write into a hole of a mapped file would end the process.
                write_all(self._lock, bytes(_SLOTS * _SLOT))
                self._memory = mmap.mmap(self._lock, _SLOTS * _SLOT)
            except OSError:
                os.close(self._lock)
                path.unlink(missing_ok=True)
                raise
        self.cells = memoryview(self._memory).cast("Q")
        self._places: dict[tuple[str, int], int] = {}

    def place(self, model: str, version: int) -> int:
        """Where in `cells` the numbers of this version begin; beyond 4,096 versions all share the last."""
        found = self._places.get((model, version))
        if found is None:
            slot = min(len(self._places), _SLOTS - 1)
            name = f"{model}/{version}".encode()[: _SLOT - _NAMED]
            start = slot * _SLOT + _NAMED
            self._memory[start : start + len(name)] = name
            found = self._places[model, version] = slot * _WORDS
        return found

    def close(self) -> None:
        """Nobody holds the file any more; the numbers can still be read here."""
        if self._lock is not None:
            # The mapping holds a descriptor of its own: to close this one would not let go.
            fcntl.flock(self._lock, fcntl.LOCK_UN)
            os.close(self._lock)
            self._lock = None

    def counts(self) -> dict[tuple[str, int], RowCounts]:
        """What was counted, by model and version."""
        return {key: _at(self.cells, place) for key, place in list(self._places.items())}


def is_abandoned(path: Path) -> bool:
    """Whether the process that counts in this file is gone."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False  # another process took it in
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def read_tally(data: bytes) -> dict[tuple[str, int], RowCounts]:
    """What a process of before counted. data: the bytes of its file."""
    found: dict[tuple[str, int], RowCounts] = {}
    whole = data[: len(data) // _SLOT * _SLOT]
    cells = memoryview(whole).cast("Q")
    for start in range(0, len(whole), _SLOT):
        name = whole[start + _NAMED : start + _SLOT].rstrip(b"\0").decode(errors="replace")
        model, _, version = name.rpartition("/")
        if not model or not version.isdigit():
            break
        found[model, int(version)] = _at(cells, start // 8)
    return found


def _at(cells: memoryview, place: int) -> RowCounts:
    return RowCounts(*cells[place : place + 4].tolist())
