"""The end of a run before it is done: by Ctrl-C, also where compiled code swallows that, or cancelled."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from comporta.errors import Refused


class CancelledRun(Refused):
    """Somebody asked for the run's end. Raised once every process of its steps is dead."""

    def __init__(self, run: str) -> None:
        super().__init__(
            f"run {run}: somebody cancelled it. What is done is kept: the same command goes on from there."
        )


class Interruption:
    """Whether somebody pressed Ctrl-C. The KeyboardInterrupt alone may be lost: where it is raised in what a
    library calls back, or in a property that one asks for, the library may clear it."""

    def __init__(self) -> None:
        self._asked = False

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Within it each is noted, where Python's own handler would raise it."""
        mine = threading.current_thread() is threading.main_thread()
        if not mine or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
            yield
            return
        signal.signal(signal.SIGINT, self._note)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def require_none(self) -> None:
        """Raises KeyboardInterrupt once one was noted."""
        if self._asked:
            raise KeyboardInterrupt

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._asked = True
        raise KeyboardInterrupt
