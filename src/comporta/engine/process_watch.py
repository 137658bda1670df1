"""The memory and processor time of a worker and its children, looked at from outside."""

from __future__ import annotations

import contextlib
import time

import psutil

from comporta.records import Cost


class ProcessWatch:
    """Looks at one process and its children. limit: bytes that they may hold together."""

    def __init__(self, pid: int, limit: int | None) -> None:
        self._limit = limit
        self._peak = 0
        self._cpu = 0.0
        self._looks = 0
        self._children: list[psutil.Process] = []
        self._process: psutil.Process | None = None
        with contextlib.suppress(psutil.Error):
            self._process = psutil.Process(pid)

    def over(self) -> bool:
        return self._limit is not None and self.look() > self._limit

    def look(self) -> int:
        if self._process is None:
            return 0
        used_bytes = 0
        with contextlib.suppress(psutil.Error):
            if self._looks % 5 == 0:
                self._children = self._process.children(recursive=True)
            self._looks += 1
            used = self._process.cpu_times()
            self._cpu = max(self._cpu, used.user + used.system)
            for each in (self._process, *self._children):
                with contextlib.suppress(psutil.Error):
                    used_bytes += each.memory_info().rss
        self._peak = max(self._peak, used_bytes)
        return used_bytes

    def cost(self, began: float) -> Cost:
        return Cost(wall_seconds=time.monotonic() - began, cpu_seconds=self._cpu, peak_memory=self._peak)
