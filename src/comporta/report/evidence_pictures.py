"""What a verdict rests on, as pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from comporta.records import (
    Drawing,
    Drawings,
    Figure,
    Findings,
    Message,
    PlainText,
    Table,
    TableCell,
    Text,
    Verdict,
    condition,
    is_sliced,
)
from comporta.records.message import Say
from comporta.report.codes import (
    BEFORE,
    EACH_FIGURE,
    EARLIER,
    EARLIER_ONE,
    PICTURE,
    PICTURE_AT_LEVEL,
    PICTURE_WITH_INTERVALS,
    english,
)
from comporta.report.contents import TableHeading, cell_text
from comporta.report.drawings import BY_COLUMNS
from comporta.report.pictures import MOST, Mark, curve, marks, number

Row = Mapping[str, TableCell]
AGAINST = "against"
"""The column that tells which earlier version it is, 1 the newest."""

PLAIN = Drawings()


def pictures(
    verdict: Verdict,
    found: Findings,
    how: Drawings = PLAIN,
    metrics: Mapping[str, str] | None = None,
    headings: Sequence[TableHeading] = (),
    say: Say = english,
) -> Iterator[str]:
    """What a verdict rests on, drawn: the figures beside the one that decided, then its tables.

    how: as the check has it drawn. metrics: what people read of each metric. headings: of each table. say:
    the reader's language.
    """
    drawn = beside(verdict, found, how, metrics or {}, say)
    if drawn:
        yield drawn
    for place, each in enumerate(found.tables):
        if each.rows and not (drawn and how.once):
            yield from table(how, each, headings[place].title if headings else each.id, say)


def beside(
    verdict: Verdict, found: Findings, how: Drawings, metrics: Mapping[str, str], say: Say = english
) -> str:
    """Every figure of the metric that decided, beside the limit; the worst where there are too many."""
    decided = verdict.figure
    some = [each for each in found.figures if decided is None or each.metric == decided.metric]
    if decided is None or not any(is_sliced(each) for each in some):
        return "" if len(some) < 2 else _forest(some, verdict, how, metrics, say)
    if len(some) > MOST:
        # The one that decided lies at the worse end, whichever end that is.
        middle = sorted(each.value for each in some)[len(some) // 2]
        some.sort(key=lambda each: each.value, reverse=decided.value >= middle)
    return _forest(some, verdict, how, metrics, say)


def _forest(
    some: Sequence[Figure], verdict: Verdict, how: Drawings, metrics: Mapping[str, str], say: Say
) -> str:
    decided = verdict.figure
    several = len({(each.metric, condition(each, "metric")) for each in some}) > 1
    every = [
        Mark(
            name=" ".join(
                filter(
                    None,
                    (metrics.get(each.metric, each.metric) if several or not each.slice else "", each.slice),
                )
            ),
            value=each.value,
            low=each.low,
            high=each.high,
            decides=each == decided,
        )
        for each in some
    ]
    what = EACH_FIGURE() if several else _metric_name(some[0].metric, how, metrics)
    notes: list[Text] = [_with_intervals(what, some)]
    if any(each.compared_with == "earlier" and condition(each, "earlier") == 1 for each in some):
        notes.append(EARLIER_ONE(before=BEFORE()))
    return marks(every, " ".join(map(say, notes)), limit=verdict.limit, say=say)


def _metric_name(metric: str, how: Drawings, metrics: Mapping[str, str]) -> Text:
    words = metrics.get(metric, metric)
    return _as_text(how.metrics.get(metric, metric if words == metric else words[:1].upper() + words[1:]))


def _as_text(text: Text | str) -> Text:
    return text if isinstance(text, Message) else PlainText(str(text))


def _with_intervals(what: Text, some: Sequence[Figure]) -> Message:
    levels = {each.level for each in some if each.low is not None}
    if not levels:
        return PICTURE(what=what)
    if len(levels) > 1:
        return PICTURE_WITH_INTERVALS(what=what)
    return PICTURE_AT_LEVEL(what=what, level=100 * levels.pop())


def table(drawings: Drawings, drawn: Table, title: str, say: Say = english) -> Iterator[str]:
    """The pictures of one table; none where nothing says how to draw it. title: what people read of it."""
    rows = drawn.by_id
    declared = (each for each in drawings.tables if each.table in ("", drawn.id))
    guessed = (each for each in BY_COLUMNS if _fits(each, rows[0]))
    how = next(declared, None) or next(guessed, None)
    if how is None or not _fits(how, rows[0]):
        return
    rest = drawn.slice if how.table else ""
    parts: dict[str, list[Row]] = {}
    for row in rows:
        parts.setdefault(_apart(how, row, say) or title, []).append(row)
    for apart, some in parts.items():
        caption = say(_as_text(how.caption)).replace("{}", apart)
        yield _picture(how, some, f"{rest[:1].upper()}{rest[1:]}. {caption}" if rest else caption, say)


def _apart(how: Drawing, row: Row, say: Say) -> str:
    """`selection rate`, `selection rate (class b)`: what a row's picture is of."""
    first, *more = [_part(each, row[each], say) for each in how.apart if row.get(each) is not None] or [""]
    return f"{first} ({', '.join(more)})" if more else first


def _part(column: str, cell: TableCell, say: Say) -> str:
    if column != AGAINST or not isinstance(cell, int):
        return str(cell)
    return say(BEFORE() if cell == 1 else EARLIER(number=cell))


def _fits(how: Drawing, row: Row) -> bool:
    columns = (how.along[0], how.up[0]) if how.kind == "curve" else (*how.label[:1], how.value)
    return all(each in row for each in columns)


def _picture(how: Drawing, rows: Sequence[Row], caption: str, say: Say) -> str:
    if how.kind == "curve":
        more = [each for each in rows[0] if each.startswith("y") and each != how.up[0]]
        return curve(
            rows,
            caption,
            x=how.along[0],
            ys=[how.up[0], *more],
            along=say(_as_text(how.along[1])),
            up=say(_as_text(how.up[1])),
            diagonal=how.diagonal,
        )
    every = [_mark(how, row) for row in rows if number(row.get(how.value)) is not None]
    if how.kind == "bars":
        every.sort(key=lambda each: -each.value)
    return marks(every, caption, zero=0.0 if how.kind == "bars" else None, say=say)


def _mark(how: Drawing, row: Row) -> Mark:
    value, was = number(row[how.value]) or 0.0, number(row.get(how.was))
    low, high = number(row.get(how.low)), number(row.get(how.high))
    name = ": ".join(cell_text(row[each]) for each in how.label if row.get(each) is not None)
    if how.kind != "moved" or was is None:
        return Mark(name=name, value=value, low=low, high=high)
    if low is not None and high is not None:
        # The interval is of the change: drawn from where it stood, and no share is below 0 or above 1.
        low, high = max(0.0, was + low), min(1.0, was + high)
    return Mark(name=name, value=value, was=was, low=low, high=high, text=f"{was:.2g} → {value:.2g}")
