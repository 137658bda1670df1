"""Pictures from numbers: rows with a dot, its interval and a limit, and curves. All text is HTML text, so
that it wraps and can be read on a telephone; what is drawn stretches beside it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from comporta.records import Record, Text
from comporta.report.codes import DASHED, FIRST_OF, english
from comporta.report.escape import escape

MOST = 24

Scale = Callable[[float], float]


class Mark(Record, frozen=True, kw_only=True):
    """One line of a picture. was: where it stood before, drawn hollow. text: what stands for
    the number; else the value. decides: whether it is the one that the verdict rests on."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    was: float | None = None
    text: str = ""
    decides: bool = False

    @property
    def ends(self) -> tuple[float, ...]:
        """All numbers it draws."""
        every = (self.value, self.low, self.high, self.was)
        return tuple(each for each in every if each is not None and math.isfinite(each))


def marks(
    every: Sequence[Mark],
    caption: str,
    *,
    limit: float | None = None,
    zero: float | None = None,
    say: Callable[[Text], str] = english,
) -> str:
    """A dot for each with its interval beside the limit, or where `zero` is given a bar from there. Nothing
    where all of it lies in one place. The first 24."""
    some = [each for each in every if math.isfinite(each.value)][:MOST]
    fixed = [end for end in (limit, zero) if end is not None]
    ends = [*fixed, *(end for each in some for end in each.ends)]
    if not some or max(ends) - min(ends) < 1e-12:
        return ""
    at = _scale(ends, 0.03)
    line = "" if limit is None else _line("limit", at(limit), at(limit), 0, 24)
    rows = "".join(
        f"<div class='mark{' decides' if each.decides else ''}'><span>{escape(each.name)}</span>"
        f"<svg aria-hidden='true' height='24'>{line}{_draw(each, at, zero)}</svg>"
        f"<b>{escape(each.text or f'{each.value:.4g}')}</b></div>"
        for each in some
    )
    notes = [] if limit is None else [DASHED(limit=limit)]
    notes += [FIRST_OF(shown=len(some), count=len(every))] if len(every) > len(some) else []
    text = " ".join((caption, *map(say, notes)))
    return f"<figure>{rows}<figcaption>{escape(text)}</figcaption></figure>"


def _draw(mark: Mark, at: Scale, zero: float | None) -> str:
    parts = []
    if zero is not None:
        low, high = sorted((at(zero), at(mark.value)))
        parts.append(f'<rect x="{low}%" y="6" width="{max(round(high - low, 2), 0.2)}%" height="12"/>')
    if mark.low is not None and mark.high is not None:
        parts.append(_line("reach", at(mark.low), at(mark.high), 12, 12))
    if mark.was is not None:
        parts.append(_line("moved", at(mark.was), at(mark.value), 12, 12))
        parts.append(f'<circle class="was" cx="{at(mark.was)}%" cy="12" r="4.5"/>')
    if zero is None:
        parts.append(f'<circle cx="{at(mark.value)}%" cy="12" r="4.5"/>')
    return "".join(parts)


def curve(
    rows: Sequence[Mapping[str, Any]],
    caption: str,
    *,
    x: str,
    ys: Sequence[str],
    along: str = "",
    up: str = "",
    diagonal: bool = False,
) -> str:
    """Lines of `ys` over `x`, with the band of `low` and `high` where the rows have one; nothing of fewer
    than two points. along, up: the axes in words. diagonal: where both axes are the same thing."""
    points = [row for row in rows if number(row.get(x)) is not None]
    numbers = [n for row in points for name in ys if (n := number(row.get(name))) is not None]
    if len(points) < 2 or not numbers:
        return ""
    banded = all(number(row.get(end)) is not None for row in points for end in ("low", "high"))
    heights = [*numbers, *(float(row[end]) for row in points for end in ("low", "high") if banded)]
    across = [float(row[x]) for row in points]
    if diagonal:
        across = heights = [*across, *heights]
    sx, sy = _scale(across), _scale(heights)

    def place(row: Mapping[str, Any], name: str) -> str:
        return f"{sx(float(row[x]))},{round(100 - sy(float(row[name])), 2)}"

    parts = ['<line class="limit" x1="0" y1="100" x2="100" y2="0"/>'] if diagonal else []
    if banded:
        around = [place(row, "high") for row in points] + [place(row, "low") for row in points[::-1]]
        parts.append(f'<polygon class="band" points="{" ".join(around)}"/>')
    for nth, name in enumerate(ys):
        path = " ".join(place(row, name) for row in points if number(row.get(name)) is not None)
        parts.append(f'<polyline class="line{nth % 4}" points="{path}"/>')
    named = "".join(f"<i class='line{nth % 4}'>{escape(name)}</i>" for nth, name in enumerate(ys))
    return (
        f"<figure class='curve'><p>{escape(up)}{named if len(ys) > 1 else ''}</p>"
        f"<div class='up'><span>{max(heights):.4g}</span><span>{min(heights):.4g}</span></div>"
        f'<svg viewBox="0 0 100 100" preserveAspectRatio="none" role="img" aria-label="{escape(caption)}">'
        f"{''.join(parts)}</svg><div class='along'><span>{min(across):.4g}</span><span>{escape(along)}</span>"
        f"<span>{max(across):.4g}</span></div><figcaption>{escape(caption)}</figcaption></figure>"
    )


def number(value: Any) -> float | None:
    """The finite number that a cell holds, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def _line(kind: str, x1: float, x2: float, y1: int, y2: int) -> str:
    return f'<line class="{kind}" x1="{x1}%" x2="{x2}%" y1="{y1}" y2="{y2}"/>'


def _scale(values: Sequence[float], room: float = 0.0) -> Scale:
    """Where a number lies, from 0 to 100. room: the share of it that is left free at either end."""
    low, high = min(values), max(values)
    if high - low < 1e-12:
        low, high = low - 0.5, high + 0.5
    room *= high - low
    return lambda value: round(100 * (value - low + room) / (high - low + 2 * room), 2)
