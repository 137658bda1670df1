"""Two versions side by side in a terminal: what differs comes first, and no line is wider than it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from comporta.cli import show
from comporta.cli.words import words as say

if TYPE_CHECKING:
    from comporta.acts.judge.report import Comparison, Pair
    from comporta.records import Figure
    from comporta.report import ReportedVerdict

Line = tuple[str, str]
"""A line and its style, as rich names it."""
_INDENT = "    "


def comparison_lines(found: Comparison, width: int, *, verbose: bool = False) -> Iterator[Line]:
    """The checks that count otherwise, with figures and reasons; how many do not; by what each version was
    judged, where that differs. verbose: also the checks that count the same."""
    differing = [each for each in found.gates if each.differs]
    same = [each for each in found.gates if not each.differs]
    yield say.GATES_DIFFER.format(a=found.a.id, b=found.b.id) if differing else say.NO_GATE_DIFFERS, "bold"
    for each in differing:
        yield from _pair(each, found, width)
    if same and differing:
        yield say.GATES_SAME.format(count=len(same)), ""
    for each in same if verbose else ():
        yield from _pair(each, found, width)
    yield from _policies(found, width)


def metric_rows(found: Comparison) -> list[tuple[str, str, str]]:
    """Each metric on both, with its interval."""
    return [(each.name, figure_text(each.a), figure_text(each.b)) for each in found.metrics]


def figure_text(figure: Figure | None) -> str:
    """`0.81 [0.78, 0.84]`; empty where there is none."""
    if figure is None:
        return ""
    between = "" if figure.low is None or figure.high is None else f" [{figure.low:.4g}, {figure.high:.4g}]"
    return f"{figure.value:.4g}{between}"


def _pair(pair: Pair, found: Comparison, width: int) -> Iterator[Line]:
    line = f"{pair.name}: {pair.status}"
    yield from _wrap(line, "", width, _style(pair.b or pair.a))
    for version, row in ((found.a, pair.a), (found.b, pair.b)):
        if row is not None:
            yield from _wrap(f"{version.id}: {_what(row)}", _INDENT, width)


def _what(row: ReportedVerdict) -> str:
    """The figure against its limit; the reason, which holds both, where it did not simply pass."""
    from comporta.report.markdown import because

    figure, limit = row.verdict.figure, row.verdict.limit
    if row.verdict.outcome != "pass" or figure is None or row.past or row.verdict.carried:
        return because(row, show.say)
    return f"{figure_text(figure)}{'' if limit is None else say.LIMIT.format(limit=f'{limit:.4g}')}"


def _policies(found: Comparison, width: int) -> Iterator[Line]:
    of_a, of_b = found.standing or ((), ())
    if of_a == of_b:
        return
    yield say.POLICIES_DIFFER, "bold"
    for version, rows, others in ((found.a, of_a, of_b), (found.b, of_b, of_a)):
        for name, what in rows:
            if (name, what) not in others:
                yield from _wrap(f"{version.id}: {name}: {what}", "", width)


def _wrap(text: str, indent: str, width: int, style: str = "") -> Iterator[Line]:
    lines = textwrap.wrap(
        text,
        max(width, 20),
        initial_indent=indent,
        subsequent_indent=indent + _INDENT,
        break_on_hyphens=False,
    )
    return ((line, style) for line in lines)


def _style(row: ReportedVerdict | None) -> str:
    if row is None:
        return ""
    return "bold red" if row.blocks else "yellow" if row.waiver is not None else ""
