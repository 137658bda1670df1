"""What tokens asked of all workers of a server together: each counts for itself, and reads what all counted.

So a request waits for no other process, which a lock in the system would cost ten microseconds and more; two
that come at the same moment to two workers may both be the last one that a quota allows.
"""

from __future__ import annotations

import hashlib
import threading

from comporta.http.quota_counts import AT_ONCE, CELLS_BYTES
from comporta.serve.shared_pages import SharedLock

_NAME = 32  # bytes of a digest, then the cells of each worker


class SharedQuotas:
    """Numbers in memory that processes share. memory: slots, all 0 at first. lock: held by one process while
    it looks for a slot. index: which of so many workers this is."""

    def __init__(self, memory: memoryview, lock: SharedLock, index: int, workers: int) -> None:
        self.lock = threading.Lock()
        self._memory, self._slots, self._index, self._workers = memory, lock, index, workers
        self._size = _NAME + CELLS_BYTES * workers
        self._cells: dict[tuple[str, str], list[memoryview]] = {}

    def own_cells(self, token: str, span: str) -> memoryview:
        return self._cells_of(token, span)[self._index]

    def other_cells(self, token: str, span: str) -> tuple[memoryview, ...]:
        cells = self._cells_of(token, span)
        return tuple(each for index, each in enumerate(cells) if index != self._index)

    def _cells_of(self, token: str, span: str) -> list[memoryview]:
        """By worker, those of the slot with this name, or of the first that is free. Spans that find none
        share the last: then their quotas are used up together. Requests at once are no sum: of those that
        find none each worker counts its own."""
        found = self._cells.get((token, span))
        if found is None:
            name = hashlib.sha256(f"{span}\0{token}".encode()).digest()
            with self._slots.hold():
                start = self._slot(name)
            memory = self._memory
            if start is None and span == AT_ONCE:
                memory, start = memoryview(bytearray(self._size)), 0
            elif start is None:
                start = self._last
            first = start + _NAME
            found = self._cells[token, span] = [
                memory[at : at + CELLS_BYTES].cast("q")
                for at in range(first, first + CELLS_BYTES * self._workers, CELLS_BYTES)
            ]
        return found

    @property
    def _last(self) -> int:
        """Where the last slot begins, which is nobody's own."""
        return len(self._memory) // self._size * self._size - self._size

    def _slot(self, name: bytes) -> int | None:
        for start in range(0, self._last, self._size):
            there = bytes(self._memory[start : start + len(name)])
            if there == name:
                return start
            if not any(there):
                self._memory[start : start + len(name)] = name
                return start
        return None
