"""The verdicts of a version in a terminal: a line a check, what blocks first, the count last."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from comporta.cli import show
from comporta.cli.words import words as say
from comporta.records.credential import mask

if TYPE_CHECKING:
    from comporta.errors import ComportaError
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
    width = shutil.get_terminal_size((PIPED, 0)).columns
    show.line(say.GATES_OF.format(name=name), style="bold")
    for line, style in reason_lines(every, width) if verbose else verdict_lines(every, width):
        show.line(line, style=style)
    for line in _wrap(summary(every), "", width):
        show.line(line)
    if verbose and len(policy) > 1:
        show.table(say.POLICY_OF.format(name=name), ("judged by", ""), policy)


def show_legend(every: Sequence[ReportedVerdict], *, verbose: bool = False) -> None:
    """What the marks of these verdicts mean, save where all are required and passed; and where reasons are.
    Once a command, below its tables."""
    standings = {_standing(each) for each in every}
    if standings - {"pass"}:
        width = shutil.get_terminal_size((PIPED, 0)).columns
        # A mark and its words stay together.
        parts = [
            f"{mark} {say.MARKS[each]}".replace(" ", "\xa0")
            for each, (mark, _) in _MARKS.items()
            if each in standings
        ]
        for line in textwrap.wrap("  ".join(parts), max(width, 20), break_on_hyphens=False):
            show.aside(line.replace("\xa0", " "))
    if not verbose and standings - {"pass", "sound"}:
        show.aside(say.DETAILS)


def failure_row(failure: ComportaError) -> ReportedVerdict:
    """Why models could not be built, as a verdict that blocks, so that no page passes over them. Without
    values of the data, as such a page may be anybody's."""
    from comporta.records import PlainText, Verdict
    from comporta.report import ReportedVerdict

    text = mask(failure.reason or str(failure))
    verdict = Verdict(check="build", outcome="fail", required=True, reason=PlainText(text), what="project")
    return ReportedVerdict(verdict=verdict, title=say.NOT_BUILT, reason=text)


def verdict_lines(every: Sequence[ReportedVerdict], width: int) -> list[tuple[str, str]]:
    """A line of at most `width` columns for each verdict, and its style: mark, title, and the figure against
    its limit, or why there is none. What blocks comes first, then what was required, then the rest."""
    titles = max(min(max(len(each.title) for each in every), width - _NUMBERS - 4), 1)
    lines = []
    for each in sorted(every, key=_rank):
        mark, style = _MARKS[_standing(each)]
        title = _short(each.title, titles)
        room = max(width - titles - 4, 1)
        rest = _short(_numbers(each, room), room)
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


def _numbers(each: ReportedVerdict, room: int) -> str:
    """The figure and its interval, and the limit; the reason where there is no figure. What the figure is of
    where the title does not say it, and the positive class, as far as there is room for them."""
    figure, limit = each.verdict.figure, each.verdict.limit
    if figure is None:
        return each.reason
    metric = each.metrics.get(figure.metric, "")
    of = f"{metric} " if metric and metric not in each.title else ""
    against = "" if limit is None else say.LIMIT.format(limit=f"{limit:.3g}")
    positive = say.POSITIVE.format(name=each.positive) if each.positive else ""
    numbers = f"{_figure(figure)}{against}"
    fuller = (f"{of}{numbers}{positive}", f"{numbers}{positive}", f"{of}{numbers}")
    return next((text for text in fuller if len(text) <= room), numbers) + _notes(each)


def _notes(each: ReportedVerdict) -> str:
    """What a figure that is no pass says of itself, such as which features are broken."""
    figure = each.verdict.figure
    if figure is None or each.verdict.outcome in _SOUND:
        return ""
    return "".join(f" {show.say(note)}" for note in figure.notes)


def _power(each: ReportedVerdict) -> str:
    """What a pass could have seen, where there is something that it could not."""
    if each.verdict.outcome == "pass" and each.verdict.powerless:
        return say.FINDS_NOTHING
    beyond = each.verdict.detectable if each.verdict.outcome == "pass" else None
    return say.FINDS.format(beyond=f"{beyond:.2g}") if beyond else ""


def _figure(figure: Figure) -> str:
    low, high = figure.low, figure.high
    reach = "" if low is None or high is None else f" [{low:.3g}, {high:.3g}]"
    return f"{figure.value:.3g}{reach}"


def _short(text: str, most: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def reason_lines(every: Sequence[ReportedVerdict], width: int) -> list[tuple[str, str]]:
    """Lines of at most `width` columns and their styles: each heading of a report, below it mark, title and
    outcome of each verdict, and its reason in full."""
    from comporta.report import sections
    from comporta.report.markdown import because

    lines = []
    for heading, some in sections(every):
        lines.append((heading, "bold"))
        for each in some:
            mark, style = _MARKS[_standing(each)]
            lines += [(line, style) for line in _wrap(f"{mark} {each.title}: {_outcome(each)}", "  ", width)]
            lines += [(line, "") for line in _wrap(because(each, show.say), " " * 6, width)]
    return lines


def _wrap(text: str, indent: str, width: int) -> list[str]:
    return textwrap.wrap(
        text, max(width, 20), initial_indent=indent, subsequent_indent=f"{indent}  ", break_on_hyphens=False
    )


def _outcome(row: ReportedVerdict) -> str:
    from comporta.report.codes import outcome_text

    if row.waiver is not None:
        return say.WAIVED_OUTCOME
    text = show.say(outcome_text(row.verdict.outcome))
    if row.decided_at is not None:
        return say.LEFT_OPEN.format(outcome=text)
    return text if row.verdict.required else say.REPORTED.format(outcome=text)
