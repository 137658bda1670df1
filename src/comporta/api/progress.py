"""The progress of a run that Python asked for: a bar in a terminal or a notebook, from two seconds on; else
silence."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

    from comporta.records.executor import Progress

AFTER = 2.0
"""Seconds before anything is shown."""
EVERY = 0.2
"""Seconds between two drawings in a notebook."""


@contextmanager
def run_progress(given: Progress | None, after: float = AFTER) -> Iterator[Progress | None]:
    """What to hand to a run as `progress`: what the caller gave; else a bar, in a notebook below its cell, in
    a terminal on stderr."""
    if given is not None:
        yield given
        return
    display = notebook_display()
    if display is None and not sys.stderr.isatty():
        yield None
        return
    bar = TerminalBar(after) if display is None else NotebookBar(after, display)
    try:
        yield bar
    finally:
        bar.end()


def notebook_display() -> Callable[..., Any] | None:
    """What shows something below the cell that is running; None outside of a notebook's kernel."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    if getattr(shell, "kernel", None) is None:
        return None
    from IPython.display import display

    return display  # type: ignore[no-any-return]


class ProgressBar:
    """How many steps of all ended, and which are at work. Below it, how it is drawn:
    `_begin` once, after a while, `_draw` at each report from then on, `_clear` at the end."""

    def __init__(self, after: float) -> None:
        self._states: dict[str, str] = {}
        self._lock = threading.Lock()
        self._began = self._ended = False
        self._timer = threading.Timer(after, self._start)
        self._timer.daemon = True
        self._timer.start()

    def __call__(self, node: str, state: str, seconds: float) -> None:
        with self._lock:
            self._states[node] = state
            if self._began:
                self._draw()

    def end(self) -> None:
        """Clears it."""
        self._timer.cancel()
        with self._lock:
            self._ended = True
            if self._began:
                self._clear()

    def _start(self) -> None:
        with self._lock:
            if not self._ended:
                self._begin()
                self._began = True
                self._draw()

    @property
    def _running(self) -> list[str]:
        return [node for node, state in self._states.items() if state in ("started", "waiting")]

    @property
    def _ended_count(self) -> int:
        return sum(state not in ("planned", "started", "waiting") for state in self._states.values())

    def _begin(self) -> None:
        raise NotImplementedError

    def _draw(self) -> None:
        raise NotImplementedError

    def _clear(self) -> None:
        raise NotImplementedError


class TerminalBar(ProgressBar):
    """On stderr; drawn by its own thread."""

    def _begin(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as RichProgress

        columns = (
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}", markup=False),
        )
        self._bar: RichProgress = RichProgress(*columns, console=Console(stderr=True), transient=True)
        self._bar.add_task("")
        self._bar.start()

    def _draw(self) -> None:
        running = self._running
        self._bar.update(
            self._bar.task_ids[0],
            total=len(self._states),
            completed=self._ended_count,
            description=", ".join(running),
        )

    def _clear(self) -> None:
        self._bar.stop()


class NotebookBar(ProgressBar):
    """Below the cell, written over as steps end; without scripts or widgets. display: IPython's."""

    def __init__(self, after: float, display: Callable[..., Any]) -> None:
        self._display, self._since, self._drawn = display, time.monotonic(), 0.0
        super().__init__(after)

    def _begin(self) -> None:
        self._handle = self._display(*self._pictures(), raw=True, display_id=True)

    def _draw(self) -> None:
        now = time.monotonic()
        if now - self._drawn >= EVERY:
            self._drawn = now
            self._handle.update(*self._pictures(), raw=True)

    def _clear(self) -> None:
        self._handle.update({"text/plain": "", "text/html": ""}, raw=True)

    def _pictures(self) -> tuple[dict[str, str]]:
        from comporta.report.escape import escape

        running, total = self._running, len(self._states)
        ended = self._ended_count
        text = f"{ended}/{total} steps, {time.monotonic() - self._since:.0f} s: {', '.join(running)}"
        bar = f"<progress value='{ended}' max='{max(total, 1)}'></progress> {escape(text)}"
        return ({"text/plain": text, "text/html": bar},)
