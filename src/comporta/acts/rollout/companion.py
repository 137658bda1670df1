"""Beside a server that runs alone: a process that carries release plans out, while there are any.

Not in the server's own process: to count units takes a second of the processor now and then, and no request
is to wait for that.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from comporta.errors import ComportaError
from comporta.opened.project import OpenProject
from comporta.release import plans_under_way

LOOK = 2.0
"""Seconds between two looks whether a plan is under way."""
GRACE = 20.0


class Companion:
    """While it is entered. file: of the project. say: told once where the process cannot be started."""

    def __init__(self, opened: OpenProject, file: Path, say: Callable[[str], None]) -> None:
        self._opened, self._file, self._say = opened, file, say
        self._ending = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._follow, name="comporta-steer", daemon=True)

    def __enter__(self) -> Companion:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._thread.join()
        self._end()

    def _follow(self) -> None:
        while not self._ending.wait(LOOK):
            with contextlib.suppress(ComportaError):
                if self._is_due():
                    self._begin()
                else:
                    self._end()

    def _is_due(self) -> bool:
        return bool(plans_under_way(self._opened.ledger))

    def _begin(self) -> None:
        if self._process is not None and self._process.poll() is None:
            return
        words = ("-P", "-m", "comporta", "steer", "--end-with-input", "--project", str(self._file))
        try:
            # Its input ends with this process, however that ends.
            self._process = subprocess.Popen((sys.executable, *words), stdin=subprocess.PIPE, process_group=0)
        except OSError as error:
            self._say(f"release plans are not carried out: no process can be started ({error.strerror}).")

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
