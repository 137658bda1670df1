"""The live display of a run: a table in a terminal, a line for each finished step elsewhere; on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from comporta.cli import show
from comporta.cli.words import words as say
from comporta.records.visible import visible

if TYPE_CHECKING:
    from rich.table import Table

Report = Callable[[str, str, float], None]

# More steps than this do not fit a terminal: finished ones are then counted, the others shown.
MANY = 20

_MARKS = {
    "reused": ("·", "dim"),
    "waiting": ("…", "yellow"),
    "started": ("▸", "cyan"),
    "done": ("✓", "green"),
    "failed": ("✗", "bold red"),
    "skipped": ("-", "dim"),
}


@contextmanager
def display(*, quiet: bool = False) -> Iterator[Report | None]:
    """What to hand to a run as `progress`: called with a step, its state and the seconds since the start."""
    if quiet:
        yield None
    elif sys.stderr.isatty():
        with _live() as report:
            yield report
    else:
        yield _Lines()


FIRST_REPORT, REPORT_EVERY = 2.0, 10.0  # seconds; in a terminal, where one line is written over, each 0.2


class ReadingProgress:
    """The progress of reading many bytes, on stderr: nothing for two seconds, then every ten."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock, self.next = clock, clock() + FIRST_REPORT
        self.drawn = 0

    def __call__(self, what: str, read: int, total: int) -> None:
        if self.clock() < self.next:
            return
        text = say.READ.format(what=visible(what, keep=""), read=show.size(read), total=show.size(total))
        if not sys.stderr.isatty():
            self.next = self.clock() + REPORT_EVERY
            show.aside(text)
            return
        self.next = self.clock() + 0.2
        print(f"\r{text:<{self.drawn}}", end="", file=sys.stderr, flush=True)
        self.drawn = len(text)

    def end(self) -> None:
        """Clears the line."""
        if self.drawn:
            print(f"\r{'':<{self.drawn}}\r", end="", file=sys.stderr, flush=True)
            self.drawn = 0


class StepProgress:
    """The state of each step so far. took: seconds from its start, once it has ended."""

    def __init__(self) -> None:
        self.states: dict[str, str] = {}
        self.began: dict[str, float] = {}
        self.took: dict[str, float] = {}

    def __call__(self, node: str, state: str, seconds: float) -> None:
        self.states[node] = state
        if state in ("started", "waiting"):
            self.began.setdefault(node, seconds)
        elif node in self.began:
            self.took[node] = seconds - self.began[node]


class _Lines(StepProgress):
    """A line for each step that ended; what was reused is counted in the summary."""

    def __call__(self, node: str, state: str, seconds: float) -> None:
        super().__call__(node, state, seconds)
        if state in ("done", "failed", "skipped", "waiting"):
            took = show.seconds(self.took[node]) if node in self.took else ""
            show.aside(f"{say.STATES[state]:<8} {node:<32} {took:>9}".rstrip())


@contextmanager
def _live() -> Iterator[Report]:
    from rich.console import Console
    from rich.live import Live

    steps = StepProgress()
    # The engine reports seconds since the run began; between two reports this clock goes on.
    origin: list[float] = []

    def report(node: str, state: str, seconds: float) -> None:
        origin[:] = origin or [time.monotonic() - seconds]
        steps(node, state, seconds)

    def now() -> Table:
        return steps_table(steps, time.monotonic() - origin[0] if origin else 0.0)

    with Live(get_renderable=now, console=Console(stderr=True), refresh_per_second=8):
        yield report


def steps_table(steps: StepProgress, now: float) -> Table:
    """The steps as a table. now: seconds since the run began."""
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    grid.add_column()
    grid.add_column()
    grid.add_column(justify="right")
    ended = [node for node, state in list(steps.states.items()) if state in ("reused", "done")]
    crowded = len(steps.states) > MANY
    if crowded:
        counted = say.ENDED.format(ended=len(ended), total=len(steps.states))
        grid.add_row(Text("✓", "green"), Text(counted), Text(""))
    for node, state in list(steps.states.items()):  # the run adds to it meanwhile
        if crowded and node in ended:
            continue
        mark, style = _MARKS.get(state, ("?", ""))
        seconds = steps.took.get(node)
        if seconds is None and node in steps.began:
            seconds = max(now - steps.began[node], 0.0)
        took = say.STATES.get(state, state) if seconds is None else show.seconds(seconds)
        grid.add_row(
            Text(mark, style),
            Text(visible(node, keep=""), style if state == "reused" else ""),
            Text(took, "dim"),
        )
    return grid
