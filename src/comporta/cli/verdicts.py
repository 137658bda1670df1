"""The verdicts of a version in a terminal: a line a check, what blocks first, the count last."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from typing import TYPE_CHECKING

from comporta.cli import show
from comporta.cli.words import words as say

if TYPE_CHECKING:
    from comporta.records import Figure
    from comporta.report import ReportedVerdict

PIPED = 100
"""Columns where there is no terminal to ask."""
_NUMBERS = 38
"""Columns that the figure and its limit take, at most."""


def show_verdicts(
    every: Sequence[ReportedVerdict],
    name: str,
    policy: Sequence[tuple[str, str]] = (),
    *,
    verbose: bool = False,
) -> None:
    """Verdicts under whose they are. policy: by which they were judged, where there is more to show than its
    digest. verbose: under the headings of a report, each with its reason in full."""
    if not every:
        return
    if verbose:
        _show_reasons(every, name)
        if len(policy) > 1:
            show.table(say.POLICY_OF.format(name=name), ("judged by", ""), policy)
        return
    show.line(say.GATES_OF.format(name=name), style="bold")
    for line, style in verdict_lines(every, shutil.get_terminal_size((PIPED, 0)).columns):
        show.line(line, style=style)
    show.line(summary(every))
    if any(_standing(each) not in ("pass", "sound") for each in every):
        show.aside(say.DETAILS)


def verdict_lines(every: Sequence[ReportedVerdict], width: int) -> list[tuple[str, str]]:
    """A line of at most `width` columns for each verdict, and its style: mark, title, and the figure against
    its limit, or why there is none. What blocks comes first, then what was required, then the rest."""
    titles = max(min(max(len(each.title) for each in every), width - _NUMBERS - 4), 1)
    lines = []
    for each in sorted(every, key=_rank):
        mark, style = _MARKS[_standing(each)]
        title = _short(each.title, titles)
        room = max(width - titles - 4, 1)
        rest = _short(_numbers(each), room)
        finds = _power(each)
        rest = f"{rest}{finds}" if len(rest) + len(finds) <= room else rest
        lines.append((f"{mark} {title:<{titles}}  {rest}".rstrip(), style))
    return lines


def summary(every: Sequence[ReportedVerdict]) -> str:
    """`11/13 required passed, 2 blocking, 14 informational, 3 of them did not pass.`"""
    required = [each for each in every if each.verdict.required]
    informational = [each for each in every if not each.verdict.required]
    blocking = sum(each.blocks for each in every)
    waived = sum(each.waiver is not None for each in required)
    left = sum(each.decided_at is not None for each in required)
    passed = sum(not each.verdict.blocks for each in required)
    failed = sum(_standing(each) == "noticed" for each in informational)
    parts = [say.REQUIRED_PASSED.format(passed=passed, of=len(required))]
    parts += [say.SOME_BLOCK.format(count=blocking)] if blocking else []
    parts += [say.SOME_WAIVED.format(count=waived)] if waived else []
    parts += [say.SOME_LEFT.format(count=left)] if left else []
    parts += [say.INFORMATIONAL.format(count=len(informational))] if informational else []
    parts += [say.NOT_PASSED.format(count=failed)] if failed else []
    return ", ".join(parts) + "."


_SOUND = ("pass", "does not apply")
_MARKS = {
    "fail": ("✗", "bold red"),
    "inconclusive": ("?", "bold yellow"),
    "waived": ("~", "yellow"),
    "left open": ("…", "yellow"),
    "pass": ("✓", "green"),
    "noticed": ("!", ""),
    "sound": ("·", "dim"),
}


def _standing(each: ReportedVerdict) -> str:
    if each.blocks:
        return "fail" if each.verdict.outcome == "fail" else "inconclusive"
    if each.waiver is not None:
        return "waived"
    if each.decided_at is not None:
        return "left open"
    if each.verdict.required:
        return "pass"
    return "sound" if each.verdict.outcome in _SOUND or each.verdict.not_run else "noticed"


def _rank(each: ReportedVerdict) -> int:
    return list(_MARKS).index(_standing(each))


def _numbers(each: ReportedVerdict) -> str:
    """The figure and its interval, and the limit; the reason where there is no figure. What the figure is of
    where the title does not say it."""
    figure, limit = each.verdict.figure, each.verdict.limit
    if figure is None:
        return each.reason
    metric = each.metrics.get(figure.metric, "")
    of = f"{metric} " if metric and metric not in each.title else ""
    against = "" if limit is None else say.LIMIT.format(limit=f"{limit:.3g}")
    positive = say.POSITIVE.format(name=each.positive) if each.positive else ""
    return f"{of}{_figure(figure)}{against}{positive}"


def _power(each: ReportedVerdict) -> str:
    """What a pass could have seen, where there is something that it could not."""
    beyond = each.verdict.detectable if each.verdict.outcome == "pass" else None
    return say.FINDS.format(beyond=f"{beyond:.2g}") if beyond else ""


def _figure(figure: Figure) -> str:
    low, high = figure.low, figure.high
    reach = "" if low is None or high is None else f" [{low:.3g}, {high:.3g}]"
    return f"{figure.value:.3g}{reach}"


def _short(text: str, most: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _show_reasons(every: Sequence[ReportedVerdict], name: str) -> None:
    from comporta.report import sections
    from comporta.report.markdown import because

    rows = [
        (title if place == 0 else "", _outcome(each), each.title, because(each, show.say))
        for title, some in sections(every)
        for place, each in enumerate(some)
    ]
    shown = rows if any(about for about, *_ in rows[1:]) else [rest for _, *rest in rows]
    columns = ("about", "verdict", "gate", "because")
    show.table(say.GATES_OF.format(name=name), columns[-len(shown[0]) :], shown)


def _outcome(row: ReportedVerdict) -> str:
    from comporta.report.codes import outcome_text

    if row.waiver is not None:
        return say.WAIVED_OUTCOME
    text = show.say(outcome_text(row.verdict.outcome))
    if row.decided_at is not None:
        return say.LEFT_OPEN.format(outcome=text)
    return text if row.verdict.required else say.REPORTED.format(outcome=text)
