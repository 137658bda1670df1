"""How results are printed: a table, a tree or JSON on stdout; everything else on stderr.

All text passes here, so that none of it moves the cursor or hides."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from contextvars import ContextVar
from datetime import datetime
from typing import Any, TextIO

import msgspec

from comporta.cli.words import words
from comporta.records import Text, encode
from comporta.records.visible import visible, visible_json

_out: ContextVar[TextIO | None] = ContextVar("out", default=None)


@contextmanager
def results() -> Iterator[None]:
    """Only what is printed here goes to stdout: what a project's own code prints goes to stderr."""
    token = _out.set(sys.stdout)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        _out.reset(token)


def json(value: Any) -> None:
    """A record, or anything made of records and plain JSON, indented: what is kept as a code as its sentence,
    the code and its values beside it."""
    from comporta.opened.as_json import as_json

    print(visible_json(msgspec.json.format(encode(as_json(value, say)), indent=2).decode()), file=_file())


def json_line(value: Any) -> None:
    """The same on one line, at once: for what is printed as it happens."""
    from comporta.opened.as_json import as_json

    print(visible_json(encode(as_json(value, say)).decode()), file=_file(), flush=True)


def say(text: Text) -> str:
    """The sentence of a code, in the reader's language."""
    from comporta.cli.languages import language

    return language()(text)


def line(text: str = "", style: str = "") -> None:
    """A line of the result. style: as rich names it, in a terminal."""
    if style and _file().isatty():
        from rich.console import Console
        from rich.text import Text

        Console(file=_file()).print(Text(visible(text), style), soft_wrap=True)
        return
    print(visible(text), file=_file())


def is_terminal() -> bool:
    """Whether the result goes to a terminal."""
    return _file().isatty()


@contextmanager
def redrawn(note: str) -> Iterator[Callable[[Iterable[tuple[str, str]]], None]]:
    """What draws lines with their styles in place of those before, in a terminal. note: below them."""
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    with Live(console=Console(file=_file()), auto_refresh=False, transient=True, screen=False) as live:

        def draw(lines: Iterable[tuple[str, str]]) -> None:
            every = Text("\n").join(Text(visible(text), style) for text, style in lines)
            live.update(every.append(f"\n\n{note}", "dim"), refresh=True)

        yield draw


def aside(text: str) -> None:
    """A line beside the result: what is going on, what to try next."""
    print(visible(text), file=sys.stderr)


def _file() -> TextIO:
    return _out.get() or sys.stdout


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Rows under their columns, which are named by their ids, as is the title. In a terminal with a title and
    drawn; in a pipe as aligned text, whole. A column in which no row has anything is left out."""
    title = words.TITLES.get(title, title)
    every = [[visible(_text(cell), keep="") for cell in row] for row in rows]
    filled = [at for at in range(len(columns)) if not every or any(row[at] for row in every)]
    columns = [columns[at] for at in filled]
    heads = [words.COLUMNS.get(each, each) for each in columns]
    cells = [[row[at] for at in filled] for row in every]
    right = [
        all(_numeric(row[at]) for row in cells) and any(row[at] for row in cells)
        for at in range(len(columns))
    ]
    if _file().isatty():
        _print_table(title, columns, heads, cells, right)
    else:
        _print_aligned(heads, cells, right)


_UNBROKEN = ("run", "version", "id", "step", "started", "made", "took", "outcome", "state", "steps", "trend")
_STYLES = {
    "pass": "green",
    "passed": "green",
    "released": "bold green",
    "fail": "bold red",
    "failed": "bold red",
    "refused": "red",
    "inconclusive": "yellow",
    "stopped": "yellow",
}


def _print_table(
    title: str, columns: Sequence[str], heads: list[str], cells: list[list[str]], right: list[bool]
) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(
        title=title or None,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    for name, head, is_right in zip(columns, heads, right, strict=True):
        # An id that is broken in two cannot be copied, nor a time or a state be read at a glance.
        drawn.add_column(
            head, justify="right" if is_right else "left", overflow="fold", no_wrap=name in _UNBROKEN
        )
    for row in cells:
        drawn.add_row(*(Text(cell, _STYLES.get(cell, "")) for cell in row))
    Console(file=_file()).print(drawn)


def _print_aligned(columns: Sequence[str], cells: list[list[str]], right: list[bool]) -> None:
    wide = [max(len(row[at]) for row in [list(columns), *cells]) for at in range(len(columns))]
    for row in [list(columns), *cells]:
        parts = [
            cell.rjust(width) if is_right else cell.ljust(width)
            for cell, width, is_right in zip(row, wide, right, strict=True)
        ]
        line("  ".join(parts).rstrip())


def size(count: int) -> str:
    """Bytes as people read them: `3.2 MB`, in powers of 1000."""
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def number(amount: float, digits: int = 6) -> str:
    """A number as people write it: `-7,654,320`, `0.0012`. digits: how many count, where it has a fraction.

    Only what is too large or too small to be read so is written with a power of ten.
    """
    if not math.isfinite(amount) or amount == 0:
        return f"{amount:g}"
    power = math.floor(math.log10(abs(amount)))
    if not -5 <= power < 15:
        return f"{amount:.{digits}g}"
    places = max(0, digits - 1 - power)
    text = f"{amount:,.{places}f}"
    return text.rstrip("0").rstrip(".") if places else text


def seconds(amount: float) -> str:
    """`0.4 ms` to `2 h 05 min`."""
    if amount < 1:
        return f"{amount * 1000:.0f} ms" if amount >= 0.01 else f"{amount * 1000:.1f} ms"
    if amount < 60:
        return f"{amount:.1f} s"
    minutes, rest = divmod(round(amount), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    return f"{minutes // 60} h {minutes % 60:02} min"


def when(moment: datetime | None) -> str:
    """Local time, to the second."""
    return "" if moment is None else moment.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return when(cell)
    if isinstance(cell, bool):
        return str(words.YES if cell else words.NO)
    if isinstance(cell, int):
        return f"{cell:,}"
    return number(cell, 4) if isinstance(cell, float) else str(cell)


def _numeric(cell: str) -> bool:
    return not cell or cell[0].isdigit() or (cell[0] in "-+" and cell[1:2].isdigit())
