"""The progress of a run that Python asked for: a bar in a terminal, from two seconds on; else silence."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress

Report = Callable[[str, str, float], None]
AFTER = 2.0
"""Seconds before anything is shown."""


@contextmanager
def terminal_progress(given: Report | None, after: float = AFTER) -> Iterator[Report | None]:
    """What to hand to a run as `progress`: what the caller gave; else a bar on stderr, where that is a
    terminal."""
    if given is not None or not sys.stderr.isatty():
        yield given
        return
    bar = ProgressBar(after)
    try:
        yield bar
    finally:
        bar.end()


class ProgressBar:
    """How many steps ended of those that began so far, and which are at work; drawn by its own thread."""

    def __init__(self, after: float) -> None:
        self._states: dict[str, str] = {}
        self._bar: Progress | None = None
        self._lock = threading.Lock()
        self._ended = False
        self._timer = threading.Timer(after, self._begin)
        self._timer.daemon = True
        self._timer.start()

    def __call__(self, node: str, state: str, seconds: float) -> None:
        with self._lock:
            self._states[node] = state
            self._draw()

    def end(self) -> None:
        """Clears it."""
        self._timer.cancel()
        with self._lock:
            self._ended = True
            if self._bar is not None:
                self._bar.stop()

    def _begin(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}", markup=False),
        )
        with self._lock:
            if self._ended:
                return
            self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
            self._bar.add_task("")
            self._draw()
            self._bar.start()

    def _draw(self) -> None:
        if self._bar is None:
            return
        running = [node for node, state in self._states.items() if state in ("started", "waiting")]
        self._bar.update(
            self._bar.task_ids[0],
            total=len(self._states),
            completed=len(self._states) - len(running),
            description=", ".join(running),
        )
