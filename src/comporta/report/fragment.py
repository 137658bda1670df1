"""Pieces of HTML for a notebook: tables and verdicts that carry their looks, for there is no style sheet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from comporta.records import Figure
from comporta.records.message import Say
from comporta.report.codes import (
    BECAUSE,
    CHECK,
    COUNT_ASKED,
    COUNT_BLOCKING,
    LIMIT,
    NOT_RELEASABLE,
    RELEASABLE,
    english,
)
from comporta.report.contents import ReportedVerdict, cell_text
from comporta.report.escape import escape
from comporta.report.markdown import because

LONGEST = 60
"""Rows of a table that are shown."""

_MARKS = {
    "pass": ("✓", "#1a7f5a"),
    "fail": ("✗", "#c2362b"),
    "inconclusive": ("?", "#b7791f"),
    "does not apply": ("·", "#9aa4b1"),
}
_WAIVED = ("~", "#6b4fbb")
_CELL = "text-align:left;vertical-align:top;padding:2px 10px 2px 0"


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], title: str = "", note: str = "") -> str:
    """Rows under their columns. Of more than 60 the first, and how many there are. note: below them."""
    every = [[_text(cell) for cell in row] for row in rows]
    head = "".join(f"<th style='{_CELL}'>{escape(each)}</th>" for each in columns)
    body = "".join(
        "<tr>" + "".join(f"<td style='{_CELL}'>{escape(cell)}</td>" for cell in row) + "</tr>"
        for row in every[:LONGEST]
    )
    notes = [f"the first {LONGEST} of {len(every):,}"] if len(every) > LONGEST else []
    notes += [note] if note else []
    return _piece(title, f"<table><tr>{head}</tr>{body}</table>", notes)


def verdict_table(rows: Sequence[ReportedVerdict], title: str, note: str = "", say: Say = english) -> str:
    """A line for each verdict: what blocks first, then what is required, then the rest; the counts last.

    Of one that passed the figure with its interval and the limit, the whole reason as a tip; of any other the
    reason."""
    blocking = sum(each.blocks for each in rows)
    outcome = say(NOT_RELEASABLE() if blocking else RELEASABLE())
    every = sorted(rows, key=lambda row: (not row.blocks, not row.verdict.required))
    heads = ("", say(CHECK()), "", say(BECAUSE()))
    head = "".join(f"<th style='{_CELL}'>{escape(each)}</th>" for each in heads)
    body = "".join(_verdict_row(each, say) for each in every)
    counts = ((COUNT_ASKED, len(rows)), (COUNT_BLOCKING, blocking))
    notes = [", ".join(say(what(count=count)) for what, count in counts if count), note]
    return _piece(
        f"{title}: {outcome}" if rows else title,
        f"<table><tr>{head}</tr>{body}</table>" if rows else "",
        [each for each in notes if each],
    )


def _verdict_row(row: ReportedVerdict, say: Say) -> str:
    mark, colour = _MARKS.get(row.verdict.outcome, _MARKS["inconclusive"])
    if row.waiver is not None:
        mark, colour = _WAIVED
    weight = ";font-weight:600" if row.blocks else ""
    reason = because(row, say)
    figure = row.verdict.figure if row.verdict.outcome == "pass" else None
    return (
        f"<tr title='{escape(reason)}'><td style='{_CELL};color:{colour}'>{mark}</td>"
        f"<td style='{_CELL}{weight}'>{escape(row.title)}</td>"
        f"<td style='{_CELL}{weight}'>{escape(say(row.status))}</td>"
        f"<td style='{_CELL}'>{escape(reason if figure is None else figure_text(row, figure, say))}</td></tr>"
    )


def figure_text(row: ReportedVerdict, figure: Figure, say: Say = english) -> str:
    """`roc_auc 0.7894 [0.7695, 0.807], limit 0.7`"""
    reach = "" if figure.low is None or figure.high is None else f" [{figure.low:.4g}, {figure.high:.4g}]"
    limit = "" if row.verdict.limit is None else f", {say(LIMIT(limit=row.verdict.limit))}"
    return f"{row.metrics.get(figure.metric, figure.metric)} {figure.value:.4g}{reach}{limit}"


def frame_page(page: str, height: int = 640) -> str:
    """A whole page inside of another, apart from its looks and without scripts."""
    return (
        f'<iframe srcdoc="{escape(page)}" sandbox="" style="width:100%;height:{height}px;border:1px solid '
        '#d9dee5;border-radius:6px"></iframe>'
    )


def _piece(title: str, body: str, notes: Sequence[str]) -> str:
    head = f"<p style='margin:2px 0;font-weight:600'>{escape(title)}</p>" if title else ""
    foot = f"<p style='margin:2px 0;opacity:.7'>{escape('; '.join(notes))}</p>" if notes else ""
    return f"<div class='comporta'>{head}{body}{foot}</div>"


def _text(cell: object) -> str:
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M:%S}"
    if isinstance(cell, timedelta):
        return f"{cell.total_seconds():.1f} s"
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int):
        return f"{cell:,}"
    return cell_text(cell) if isinstance(cell, float) else "" if cell is None else str(cell)
