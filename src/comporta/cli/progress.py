"""The live display of a run: a table in a terminal, a line for each finished step elsewhere; on stderr."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from comporta.cli import show
from comporta.cli.words import words as say
from comporta.records.visible import visible

if TYPE_CHECKING:
    from rich.table import Table

    from comporta.records.executor import Progress


# More steps than this do not fit a terminal: finished ones are then counted, the others shown.
MANY = 20

_MARKS = {
    "planned": (" ", "dim"),
    "reused": ("·", "dim"),
    "waiting": ("…", "yellow"),
    "started": ("▸", "cyan"),
    "done": ("✓", "green"),
    "failed": ("✗", "bold red"),
    "skipped": ("-", "dim"),
}


@contextmanager
def display(*, quiet: bool = False, verbose: bool = False) -> Iterator[Progress | None]:
    """What to hand to a run as `progress`: called with a step, its state and the seconds since the start.
    verbose: steps that are skipped are named, and not counted."""
    if quiet:
        yield None
    elif sys.stderr.isatty():
        with _live(verbose) as report:
            yield report
    else:
        lines = _Lines(verbose)
        try:
            yield lines
        finally:
            lines.end()


FIRST_REPORT, REPORT_EVERY = 2.0, 10.0  # seconds; in a terminal, where one line is written over, each 0.2


class _CountProgress:
    """How far a count is, on stderr: nothing for two seconds, then every ten."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock, self.next = clock, clock() + FIRST_REPORT
        self.drawn = 0

    def due(self) -> bool:
        """Whether it is time to say something."""
        return self.clock() >= self.next

    def draw(self, text: str) -> None:
        """Says it; in a terminal over what was said before."""
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


class ReadingProgress(_CountProgress):
    """The progress of reading many bytes."""

    def __call__(self, what: str, read: int, total: int) -> None:
        if self.due():
            size, whole = show.size(read), show.size(total)
            self.draw(say.READ.format(what=visible(what, keep=""), read=size, total=whole))


class WritingProgress(_CountProgress):
    """The progress of writing many rows, of a total that may be 0: not known. what: of which dataset."""

    def __init__(self, what: str, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(clock)
        self.what = visible(what, keep="")

    def __call__(self, rows: int, total: int) -> None:
        if self.due():
            text = say.ROWS_SO_FAR if total else say.ROWS_SO_FAR_OF_MANY
            self.draw(text.format(what=self.what, rows=rows, total=total))


@contextmanager
def waiting(text: str, *, quiet: bool = False, after: float = FIRST_REPORT) -> Iterator[None]:
    """Says on stderr what is waited for, where that takes longer than two seconds: in a terminal as a bar
    that moves until it is over. after: seconds."""
    if quiet:
        yield
        return
    over = threading.Event()

    def tell() -> None:
        if over.wait(after):
            return
        if not sys.stderr.isatty():
            show.aside(text)
            return
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            bar.add_task(text, total=None)
            over.wait()

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


class CheckProgress(_CountProgress):
    """What a check looks at: in a terminal from the first moment, as a project's sources take seconds."""

    def __init__(self, *, quiet: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(clock)
        self.quiet = quiet

    def __enter__(self) -> CheckProgress:
        if sys.stderr.isatty():
            self._draw(say.CHECK_BEGINS)
        return self

    def __exit__(self, *raised: object) -> None:
        self.end()

    def __call__(self, name: str) -> None:
        if sys.stderr.isatty() or self.due():
            self._draw(say.CHECK_READS.format(name=visible(name, keep="")))

    def _draw(self, text: str) -> None:
        if not self.quiet:
            self.draw(text)


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

    @property
    def skipped_steps(self) -> list[str]:
        """The steps that were not asked: what they read failed, or their time was spent."""
        return [node for node, state in list(self.states.items()) if state == "skipped"]


def _skipped_text(nodes: list[str]) -> str:
    text = say.ONE_SKIPPED.format(node=nodes[0]) if len(nodes) == 1 else say.SKIPPED.format(count=len(nodes))
    return f"{say.STATES['skipped']:<8} {text}"


class _Lines(StepProgress):
    """A line for each step that ended; what was reused is counted in the summary, and one line counts what
    was skipped, unless it is verbose."""

    def __init__(self, verbose: bool) -> None:
        super().__init__()
        self.verbose = verbose

    def end(self) -> None:
        """Says how many steps were skipped."""
        if not self.verbose and (skipped := self.skipped_steps):
            show.aside(_skipped_text(skipped))

    def __call__(self, node: str, state: str, seconds: float) -> None:
        super().__call__(node, state, seconds)
        if state in ("done", "failed", "waiting") or (state == "skipped" and self.verbose):
            took = show.seconds(self.took[node]) if node in self.took else ""
            show.aside(f"{say.STATES[state]:<8} {node:<32} {took:>9}".rstrip())


@contextmanager
def _live(verbose: bool) -> Iterator[Progress]:
    from rich.console import Console
    from rich.live import Live

    steps = StepProgress()
    # The engine reports seconds since the run began; between two reports this clock goes on.
    origin: list[float] = []

    def report(node: str, state: str, seconds: float) -> None:
        origin[:] = origin or [time.monotonic() - seconds]
        steps(node, state, seconds)

    def now() -> Table:
        return steps_table(steps, time.monotonic() - origin[0] if origin else 0.0, verbose=verbose)

    with Live(get_renderable=now, console=Console(stderr=True), refresh_per_second=8):
        yield report


def steps_table(steps: StepProgress, now: float, *, verbose: bool = False) -> Table:
    """The steps as a table. now: seconds since the run began. verbose: skipped ones are named."""
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
    skipped = steps.skipped_steps
    skipped = [] if verbose or len(skipped) == 1 else skipped
    for node, state in list(steps.states.items()):  # the run adds to it meanwhile
        if node in skipped or (crowded and (state == "planned" or node in ended)):
            continue
        mark, style = _MARKS.get(state, ("?", ""))
        seconds = steps.took.get(node)
        if seconds is None and node in steps.began:
            seconds = max(now - steps.began[node], 0.0)
        took = say.STATES.get(state, state) if seconds is None else show.seconds(seconds)
        grid.add_row(
            Text(mark, style),
            Text(visible(node, keep=""), style if state in ("planned", "reused") else ""),
            Text(took, "dim"),
        )
    if skipped:
        grid.add_row(Text("-", "dim"), Text(say.STEPS_SKIPPED.format(count=len(skipped)), "dim"), Text(""))
    return grid
