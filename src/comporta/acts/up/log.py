"""The one log of all parts: a line each, with the time and the part's name, in two files of bounded size."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from comporta.records.visible import visible

MOST_BYTES = 8 * 2**20
"""Of one file: a full one becomes `log.1`, in place of the one before it."""
LONGEST_LINE = 4096
"""Letters; of a longer line the rest is left out."""


class PartLog:
    """echo: given each line too, as `server   | text`. now: UTC. A full disk loses lines and ends nothing."""

    def __init__(
        self, file: Path, *, now: Callable[[], datetime], echo: Callable[[str], None], most: int = MOST_BYTES
    ) -> None:
        self.file, self._now, self._echo, self._most = file, now, echo, most
        self._descriptor: int | None = None
        self._size = 0
        self._full = False
        self._lock = threading.Lock()

    def write(self, name: str, text: str) -> None:
        """One line of a part; may be called by several threads."""
        with self._lock:
            self._write(name, visible(text[:LONGEST_LINE].rstrip()))

    def _write(self, name: str, shown: str) -> None:
        self._echo(f"{name:<8}| {shown}")
        line = f"{self._now():%Y-%m-%dT%H:%M:%S.%f}Z {name:<8} {shown}\n".encode()
        try:
            self._append(line)
            self._full = False
        except OSError as error:
            if not self._full:  # once, until it works again
                self._echo(
                    f"{'up':<8}| {self.file}: lines are lost, it cannot be written ({error.strerror})."
                )
            self._full = True

    def close(self) -> None:
        """Nothing more is written."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _append(self, line: bytes) -> None:
        if self._descriptor is not None and self._size + len(line) > self._most:
            self.close()
            with contextlib.suppress(FileNotFoundError):
                os.replace(self.file, f"{self.file}.1")  # noqa: PTH105
        if self._descriptor is None:
            self._descriptor = os.open(
                self.file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600
            )
            self._size = os.fstat(self._descriptor).st_size
        self._size += os.write(self._descriptor, line)
