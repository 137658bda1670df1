"""What a verdict rests on, as pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from comporta.records import Drawing, Drawings, Figure, Findings, Verdict
from comporta.report.drawings import BY_COLUMNS
from comporta.report.pictures import MOST, Mark, curve, marks, number

Row = Mapping[str, Any]
EARLIER, BEFORE = "earlier 1", "the version released before this one"


PLAIN = Drawings()


def pictures(verdict: Verdict, found: Findings, how: Drawings = PLAIN) -> Iterator[str]:
    """What a verdict rests on, drawn: the figures beside the one that decided, then its tables."""
    drawn = beside(verdict, found, how)
    if drawn:
        yield drawn
    for name, rows in found.tables.items():
        if rows and not (drawn and how.once):
            yield from table(how, name, rows)


def beside(verdict: Verdict, found: Findings, how: Drawings = PLAIN) -> str:
    """Every figure of the metric that decided, beside the limit; the worst where there are too many."""
    decided = verdict.figure
    some = [each for each in found.figures if decided is None or each.metric == decided.metric]
    if decided is None or not any(each.slice for each in some):
        return "" if len(some) < 2 else _forest(some, verdict, {}, how)
    if len(some) > MOST:
        # The one that decided lies at the worse end, whichever end that is.
        middle = sorted(each.value for each in some)[len(some) // 2]
        some.sort(key=lambda each: each.value, reverse=decided.value >= middle)
    return _forest(some, verdict, _labels(found, how), how)


def _forest(some: Sequence[Figure], verdict: Verdict, called: Mapping[str, str], how: Drawings) -> str:
    decided = verdict.figure
    metrics = len({each.metric for each in some}) > 1
    every = [
        Mark(
            name=" ".join(
                filter(None, (each.metric if metrics or not each.slice else "", _name(each, called)))
            ),
            value=each.value,
            low=each.low,
            high=each.high,
            decides=each == decided,
        )
        for each in some
    ]
    caption = f"{_called(some, how) if not metrics else 'Each figure'}{_intervals(some)}."
    if any(each.slice.startswith(EARLIER) for each in some):
        caption += f" {EARLIER.capitalize()} is {BEFORE}."
    return marks(every, caption, limit=verdict.limit)


def _called(some: Sequence[Figure], how: Drawings) -> str:
    metric = some[0].metric
    return how.metrics.get(metric, metric if "_" in metric else metric[:1].upper() + metric[1:])


def _intervals(some: Sequence[Figure]) -> str:
    levels = {each.level for each in some if each.low is not None}
    if not levels:
        return ""
    return f", with {100 * levels.pop():.4g} % intervals" if len(levels) == 1 else ", with intervals"


def _name(figure: Figure, called: Mapping[str, str]) -> str:
    return called.get(figure.slice, figure.slice)


def _labels(found: Findings, how: Drawings) -> dict[str, str]:
    """Figures by what a table calls their slices, such as conditions, rather than by their numbers."""
    if how.labels is None:
        return {}
    name, column, label = how.labels
    where = {f"slice {row[column]} ": str(row[label]) for row in found.tables.get(name, ())}
    return {
        each.slice: said
        for each in found.figures
        for start, said in where.items()
        if each.slice.startswith(start)
    }


def table(drawings: Drawings, name: str, rows: Sequence[Row]) -> Iterator[str]:
    """The pictures of one table; none where nothing says how to draw it."""
    declared = (each for each in drawings.tables if name.startswith(each.table))
    guessed = (each for each in BY_COLUMNS if _fits(each, rows[0]))
    how = next(declared, None) or next(guessed, None)
    if how is None or not _fits(how, rows[0]):
        return
    # `reliability class=a`: what a name goes on with tells one picture of its kind from the others.
    rest = name.removeprefix(how.table).strip() if how.table else ""
    parts: dict[str, list[Row]] = {}
    for row in rows:
        parts.setdefault(_apart(how, row) or name, []).append(row)
    for apart, some in parts.items():
        caption = how.caption.format(apart)
        yield _drawn(how, some, f"{rest[:1].upper()}{rest[1:]}. {caption}" if rest else caption)


def _apart(how: Drawing, row: Row) -> str:
    """`selection rate`, `selection rate (class b)`: what a row's picture is of."""
    first, *more = [str(row[each]).replace(EARLIER, BEFORE) for each in how.apart if each in row] or [""]
    return f"{first} ({', '.join(more)})" if more else first


def _fits(how: Drawing, row: Row) -> bool:
    columns = (how.along[0], how.up[0]) if how.kind == "curve" else (*how.label[:1], how.value)
    return all(each in row for each in columns)


def _drawn(how: Drawing, rows: Sequence[Row], caption: str) -> str:
    if how.kind == "curve":
        more = [each for each in rows[0] if each.startswith("y") and each != how.up[0]]
        return curve(
            rows, caption, x=how.along[0], ys=[how.up[0], *more], along=how.along[1], up=how.up[1],
            diagonal=how.diagonal,
        )  # fmt: skip
    every = [_mark(how, row) for row in rows if number(row.get(how.value)) is not None]
    if how.kind == "bars":
        every.sort(key=lambda each: -each.value)
    return marks(every, caption, zero=0.0 if how.kind == "bars" else None)


def _mark(how: Drawing, row: Row) -> Mark:
    value, was = float(row[how.value]), number(row.get(how.was))
    low, high = number(row.get(how.low)), number(row.get(how.high))
    name = ": ".join(str(row[each]) for each in how.label if each in row)
    if how.kind != "moved" or was is None:
        return Mark(name=name, value=value, low=low, high=high)
    if low is not None and high is not None:
        # The interval is of the change: drawn from where it stood, and no share is below 0 or above 1.
        low, high = max(0.0, was + low), min(1.0, was + high)
    return Mark(name=name, value=value, was=was, low=low, high=high, said=f"{was:.2g} → {value:.2g}")
