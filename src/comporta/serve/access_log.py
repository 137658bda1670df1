"""An access log: a line of JSON for each request, written aside the request path.

It holds no body, no query, no header and nothing that a stranger chose: of a path that is not served, its
form at most.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from comporta.errors import BadProject

STANDARD_OUTPUT = "-"
_EVERY = 0.25  # seconds
_MOST = 100_000  # lines that wait
_PIECE = 4096  # bytes: a pipe takes so many whole, whoever else writes to it (pipe(7))


class AccessLine(NamedTuple):
    """One request. at: nanoseconds since 1970. took: nanoseconds until its answer was ready. id: of its first
    prediction. size: bytes of the answer's body. rows: that were answered. trace: the trace's id."""

    at: int
    took: int
    id: str | None
    method: str | None
    path: str | None
    status: int
    size: int
    model: str | None
    versions: tuple[int, ...]
    rows: int
    token: str | None
    trace: str | None


class AccessLog:
    """target: a file that lines are added to, or `-` for standard output. One that is moved away, as
    logrotate does, is made again."""

    def __init__(self, target: str, *, say: Callable[[str], None] = print) -> None:
        """Raises BadProject where it cannot be written."""
        self._path = None if target == STANDARD_OUTPUT else Path(target)
        self._say = say
        self._descriptor = 1 if self._path is None else _open(self._path)
        self._lines: deque[AccessLine] = deque()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self._failed = False
        self.lost = 0

    def start(self) -> None:
        """Begins to write."""
        self._thread = threading.Thread(target=self._run, name="comporta-access", daemon=True)
        self._thread.start()

    def put(self, line: AccessLine) -> None:
        """To be written soon; where very many wait, not at all."""
        if len(self._lines) < _MOST:
            self._lines.append(line)
        else:
            self.lost += 1

    def close(self) -> None:
        """All that waits is written."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join()
        if self._path is not None:
            os.close(self._descriptor)

    def _run(self) -> None:
        while not self._ending.wait(_EVERY):
            self._write()
        self._write()

    def _write(self) -> None:
        lines = [self._lines.popleft() for _ in range(len(self._lines))]
        try:
            if self._path is not None and lines:
                self._follow(self._path)
            for piece in _pieces(map(encode_line, lines)):
                _write_all(self._descriptor, piece)
        except (OSError, BadProject) as error:
            self.lost += len(lines)
            if not self._failed:
                self._say(f"the access log cannot be written ({error}); requests are answered all the same.")
            self._failed = True
        else:
            self._failed = self._failed and not lines

    def _follow(self, path: Path) -> None:
        """Writes to the file of this name, whichever it is by now."""
        try:
            there = path.stat()
        except FileNotFoundError:
            there = None
        own = os.fstat(self._descriptor)
        if there is None or (there.st_dev, there.st_ino) != (own.st_dev, own.st_ino):
            fresh = _open(path)
            os.close(self._descriptor)
            self._descriptor = fresh


def encode_line(line: AccessLine) -> bytes:
    """As it is written."""
    at = datetime.fromtimestamp(line.at / 1e9, UTC)
    return (
        msgspec.json.encode(
            {
                "time": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "id": line.id,
                "method": line.method,
                "path": line.path,
                "status": line.status,
                "milliseconds": round(line.took / 1e6, 3),
                "bytes": line.size,
                "model": line.model,
                "versions": line.versions,
                "rows": line.rows,
                "token": line.token,
                "trace": line.trace,
            }
        )
        + b"\n"
    )


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
    except OSError as error:
        raise BadProject(
            f"{path}: cannot be written as an access log ({error.strerror}). Choose another file with "
            "--access-log, or - for standard output."
        ) from None


def _pieces(lines: Iterable[bytes]) -> Iterable[bytes]:
    """Whole lines together, as many as one write keeps together."""
    held: list[bytes] = []
    size = 0
    for line in lines:
        if held and size + len(line) > _PIECE:
            yield b"".join(held)
            held, size = [], 0
        held.append(line)
        size += len(line)
    if held:
        yield b"".join(held)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
