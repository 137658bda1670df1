"""The process of a part: started in a group of its own, its lines read, signalled and waited for."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from pathlib import Path

from comporta.acts.up.part import SupervisedPart
from comporta.acts.up.process_identity import process_identity

_PIECE = 65_536
_LONGEST = 65_536


class PartProcess:
    """Started at once. What a terminal sends to all goes to the supervisor alone, which tells the parts.
    Raises OSError where the system makes no process."""

    def __init__(self, part: SupervisedPart, folder: Path) -> None:
        self._process = subprocess.Popen(
            part.command,
            stdin=subprocess.DEVNULL if part.outlives else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=folder,
            # Its lines are seen when they are written.
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            process_group=0,
            bufsize=0,
        )
        assert self._process.stdout is not None
        self.descriptor: int | None = self._process.stdout.fileno()
        os.set_blocking(self.descriptor, False)
        self.pid = self._process.pid
        self.identity = process_identity(self.pid)
        self.last = ""
        self._rest = b""

    def read_lines(self) -> list[str]:
        """What it wrote since, in whole lines."""
        data = b""
        while self.descriptor is not None and len(data) < _LONGEST:
            try:
                piece = os.read(self.descriptor, _PIECE)
            except BlockingIOError:
                break
            if not piece:
                self._close_output()
                break
            data += piece
        *lines, self._rest = (self._rest + data).split(b"\n")
        if self._rest and (self.descriptor is None or len(self._rest) > _LONGEST):
            lines.append(self._rest)
            self._rest = b""
        found = [line.decode(errors="backslashreplace") for line in lines if line.strip()]
        self.last = found[-1] if found else self.last
        return found

    def poll(self) -> int | None:
        """Its exit code, negative for a signal; None while it runs."""
        return self._process.poll()

    def signal(self, number: signal.Signals) -> None:
        """Nothing where it is dead."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)

    def kill(self) -> None:
        """Kills it and what it started in its group."""
        self.signal(signal.SIGKILL)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def close(self) -> None:
        """Once it ended: nothing more is read of what it may have left running."""
        self._close_output()
        if self._process.stdin is not None:
            self._process.stdin.close()

    def _close_output(self) -> None:
        if self.descriptor is not None:
            assert self._process.stdout is not None
            self._process.stdout.close()
            self.descriptor = None
