"""Memory that the workers of one server share: a page for each, which it alone writes and all of them read.

Nobody waits for anybody. A page has two halves: what is written goes into the one that is not shown, so that
a worker killed in the middle leaves what it said before. The memory outlives its workers, not their
supervisor.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from comporta.store.disk import write_all

PRESENT, PREPARED, CONNECTIONS, BEGINNINGS, WRITES, TURNS, MODELS = range(7)
"""The numbers of a page: whether its worker takes connections, the releases it has loaded, the connections it
has, how many workers began on it, how often it was written, how often the loop of its worker turned, and how
many models answer there."""

_WORDS = 64
_HALF = 256 * 1024
_PAGE = _WORDS + 2 * _HALF
_QUOTAS = 256 * 1024


def shared_memory(workers: int) -> int:
    """A descriptor of new memory for so many workers: no file has its name, and it goes with its last user.
    Raises OSError."""
    size = _QUOTAS + workers * _PAGE
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("comporta-workers", os.MFD_CLOEXEC)
        os.ftruncate(descriptor, size)
        return descriptor
    with tempfile.TemporaryFile() as file:
        descriptor = os.dup(file.fileno())
    # All of it now: on a full disk a write into a hole of a mapped file would end the process.
    write_all(descriptor, bytes(size))
    return descriptor


class SharedPages:
    """The memory behind a descriptor, as one process sees it."""

    def __init__(self, descriptor: int, workers: int) -> None:
        self.descriptor = descriptor
        self._memory = mmap.mmap(descriptor, _QUOTAS + workers * _PAGE)
        self.quotas = memoryview(self._memory)[:_QUOTAS]
        self.pages = tuple(WorkerPage(memoryview(self._memory), index) for index in range(workers))


class WorkerPage:
    """One worker's page. words: its numbers, by their names above."""

    def __init__(self, memory: memoryview, index: int) -> None:
        start = _QUOTAS + index * _PAGE
        self.words = memory[start : start + _WORDS].cast("q")
        self._halves = [memory[begin : begin + _HALF] for begin in (start + _WORDS, start + _WORDS + _HALF)]

    def write(self, data: bytes) -> None:
        """This is what all read from now on. What does not fit is not written: they read what was before."""
        if len(data) > _HALF - 8:
            return
        writes = self.words[WRITES] + 1
        half = self._halves[writes % 2]
        half[8 : 8 + len(data)] = data
        half[:8] = len(data).to_bytes(8, "little")
        self.words[WRITES] = writes

    def read(self) -> bytes:
        """What was written last; empty where nothing was."""
        while True:
            writes = self.words[WRITES]
            half = self._halves[writes % 2]
            data = bytes(half[8 : 8 + int.from_bytes(half[:8], "little")])
            # Written meanwhile: the half that was read may be the one that is written next.
            if self.words[WRITES] == writes:
                return data


class SharedLock:
    """A lock that one process of all holds; the system lets go of it when that process ends, however it does.

    place: which lock of those behind the descriptor. Locks of a process, not of a descriptor (fcntl(2)), so
    one that was handed on is still apart."""

    def __init__(self, descriptor: int, place: int) -> None:
        self._descriptor, self._place = descriptor, place
        self._threads = threading.Lock()

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Waits for it."""
        with self._threads:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX, 1, self._place)
            try:
                yield
            finally:
                fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, self._place)

    def take(self) -> bool:
        """Holds it from now on, where nobody else does."""
        try:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, self._place)
        except (BlockingIOError, PermissionError):
            return False
        return True
