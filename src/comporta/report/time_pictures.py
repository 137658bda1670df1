"""Lines over time as HTML and SVG: what is drawn stretches, what is written wraps and stays readable."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from comporta.report.escape import escape


class TimeLine(NamedTuple):
    """name: what it is called. points: (time, height), in order. look: the class of its colour."""

    name: str
    points: Sequence[tuple[datetime, float]]
    look: str = "line0"


def time_curve(
    lines: Sequence[TimeLine],
    caption: str,
    *,
    up: str,
    span: tuple[datetime, datetime],
    heights: tuple[float, float],
    limits: Sequence[float] = (),
    band: Sequence[tuple[datetime, float, float]] = (),
    marks: Sequence[datetime] = (),
    percent: bool = False,
) -> str:
    """The lines within `span` and `heights`; what lies beyond these is drawn at the edge. limits: dashed
    heights. band: (time, low, high). marks: times with a thin line. percent: heights are shares."""
    low, high = heights
    since, until = span
    length = max((until - since).total_seconds(), 1e-9)

    def across(at: datetime) -> float:
        return round(100 * min(1.0, max(0.0, (at - since).total_seconds() / length)), 2)

    def height(value: float) -> float:
        return round(100 - 100 * (min(high, max(low, value)) - low) / (high - low), 2)

    parts = [
        f'<line class="season" x1="{across(at)}" x2="{across(at)}" y1="0" y2="100"/>' for at in marks[:400]
    ]
    if low < 0 < high:
        parts.append(f'<line class="zero" x1="0" x2="100" y1="{height(0)}" y2="{height(0)}"/>')
    parts += [
        f'<line class="limit" x1="0" x2="100" y1="{height(each)}" y2="{height(each)}"/>' for each in limits
    ]
    if len(band) > 1:
        around = [f"{across(at)},{height(top)}" for at, _, top in band]
        around += [f"{across(at)},{height(bottom)}" for at, bottom, _ in reversed(band)]
        parts.append(f'<polygon class="band" points="{" ".join(around)}"/>')
    for line in lines:
        path = " ".join(f"{across(at)},{height(value)}" for at, value in line.points)
        parts.append(f'<polyline class="{line.look}" points="{path}"/>')
    named = "".join(f"<i class='{line.look}'>{escape(line.name)}</i>" for line in lines)
    return (
        f"<figure class='curve'><p>{escape(up)}{named if len(lines) > 1 else ''}</p>"
        f"<div class='ticks'>{_ticks(low, high, limits, percent)}</div>"
        f'<svg viewBox="0 0 100 100" preserveAspectRatio="none" role="img" aria-label="{escape(caption)}">'
        f"{''.join(parts)}</svg>"
        f"<div class='along'><span>{_time(since, until - since)}</span>"
        f"<span>{_time(until, until - since)}</span></div>"
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def _ticks(low: float, high: float, limits: Sequence[float], percent: bool) -> str:
    """The heights that are written: the ends, 0 and the limits, none over another."""
    wanted = [*limits, *([0.0] if low < 0 < high else []), high, low]
    found: list[float] = []
    for each in wanted:
        if low <= each <= high and all(abs(each - other) > 0.09 * (high - low) for other in found):
            found.append(each)
    return "".join(
        f"<span style='top:{round(100 - 100 * (each - low) / (high - low), 2)}%'>"
        f"{f'{each:.0%}' if percent else f'{each:.3g}'}</span>"
        for each in found
    )


def _time(at: datetime, length: timedelta) -> str:
    return f"{at:%Y-%m-%d}" if length > timedelta(days=4) else f"{at:%Y-%m-%d %H:%M}"
