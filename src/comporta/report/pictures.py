"""Pictures as SVG text: drawn from numbers, in the page's own colours, readable without a legend."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from comporta.records import Figure

WIDTH, ROW, LEFT, RIGHT = 640, 22, 210, 70
MOST = 24


def forest(figures: Sequence[Figure], limit: float | None) -> str:
    """Each figure with its interval beside the limit: the worst slices, groups or windows at a glance."""
    some = [each for each in figures if math.isfinite(each.value)][:MOST]
    if not some:
        return ""
    ends = [end for each in some for end in (each.value, each.low, each.high) if end is not None]
    ends += [limit] if limit is not None else []
    scale = _scale(ends, LEFT, WIDTH - RIGHT)
    height = ROW * len(some) + 24
    parts = []
    if limit is not None:
        x = scale(limit)
        parts.append(f'<line class="limit" x1="{x}" x2="{x}" y1="4" y2="{height - 20}"/>')
        parts.append(
            f'<text class="tick" x="{x}" y="{height - 6}" text-anchor="middle">limit {limit:.4g}</text>'
        )
    for place, each in enumerate(some):
        y = 14 + ROW * place
        parts.append(
            f'<text x="{LEFT - 10}" y="{y + 4}" text-anchor="end">{_short(_named(each, some))}</text>'
        )
        if each.low is not None and each.high is not None:
            parts.append(
                f'<line class="reach" x1="{scale(each.low)}" x2="{scale(each.high)}" y1="{y}" y2="{y}"/>'
            )
        parts.append(f'<circle cx="{scale(each.value)}" cy="{y}" r="4"/>')
        parts.append(f'<text class="tick" x="{WIDTH - RIGHT + 8}" y="{y + 4}">{each.value:.4g}</text>')
    more = len(figures) - len(some)
    note = f"<figcaption>and {more} more</figcaption>" if more > 0 else ""
    return f"<figure>{_svg(height, parts, 'figures with their intervals')}{note}</figure>"


def _named(figure: Figure, others: Sequence[Figure]) -> str:
    """What tells it from the others: its slice, its metric, or both."""
    metrics = len({each.metric for each in others}) > 1
    return " ".join(filter(None, (figure.metric if metrics or not figure.slice else "", figure.slice)))


def curve(
    rows: Sequence[Mapping[str, Any]], title: str, *, x: str, ys: Sequence[str], diagonal: bool = False
) -> str:
    """Lines of `ys` over `x`, with the band of `low` and `high` where the rows have one. diagonal: where
    both axes are the same thing, as in a reliability diagram."""
    points = [row for row in rows if _number(row.get(x)) is not None]
    numbers = [n for row in points for name in ys if (n := _number(row.get(name))) is not None]
    if len(points) < 2 or not numbers:
        return ""
    banded = all(
        _number(row.get("low")) is not None and _number(row.get("high")) is not None for row in points
    )
    band = [
        n for row in points for name in ("low", "high") if banded and (n := _number(row[name])) is not None
    ]
    height = 260
    across = [float(row[x]) for row in points]
    both = [*across, *numbers, *band] if diagonal else []
    sx = _scale(both or across, 60, WIDTH - RIGHT)
    sy = _scale(both or [*numbers, *band], height - 30, 12)
    parts = []
    if diagonal:
        low, high = min(both), max(both)
        parts.append(f'<line class="limit" x1="{sx(low)}" y1="{sy(low)}" x2="{sx(high)}" y2="{sy(high)}"/>')
    if banded:
        there = " ".join(f"{sx(float(row[x]))},{sy(float(row['high']))}" for row in points)
        back = " ".join(f"{sx(float(row[x]))},{sy(float(row['low']))}" for row in reversed(points))
        parts.append(f'<polygon class="band" points="{there} {back}"/>')
    for place, name in enumerate(ys):
        path = " ".join(
            f"{sx(float(row[x]))},{sy(n)}" for row in points if (n := _number(row.get(name))) is not None
        )
        parts.append(f'<polyline class="line{place % 4}" points="{path}"/>')
        last = next((row for row in reversed(points) if _number(row.get(name)) is not None), None)
        if last is not None and len(ys) > 1:
            here = f'x="{WIDTH - RIGHT + 6}" y="{sy(float(last[name]))}"'
            parts.append(f'<text class="tick" {here}>{_short(name, 10)}</text>')
    for value in (min(across), max(across)):
        parts.append(
            f'<text class="tick" x="{sx(value)}" y="{height - 10}" text-anchor="middle">{value:.4g}</text>'
        )
    for value in (min([*numbers, *band]), max([*numbers, *band])):
        parts.append(f'<text class="tick" x="54" y="{sy(value) + 4}" text-anchor="end">{value:.4g}</text>')
    return f"<figure>{_svg(height, parts, title)}<figcaption>{escape(title)}</figcaption></figure>"


def bars(rows: Sequence[Mapping[str, Any]], title: str, *, name: str, value: str) -> str:
    """A bar for each row, with its interval where the rows have `low` and `high`."""
    some = [row for row in rows if _number(row.get(value)) is not None][:MOST]
    if not some:
        return ""
    ends = [0.0, *(float(row[value]) for row in some)]
    ends += [n for row in some for end in ("low", "high") if (n := _number(row.get(end))) is not None]
    scale = _scale(ends, LEFT, WIDTH - RIGHT)
    zero, parts = scale(0.0), []
    for place, row in enumerate(some):
        y, end = 14 + ROW * place, scale(float(row[value]))
        parts.append(
            f'<text x="{LEFT - 10}" y="{y + 4}" text-anchor="end">{_short(str(row.get(name, "")))}</text>'
        )
        parts.append(
            f'<rect x="{min(zero, end)}" y="{y - 7}" width="{max(abs(end - zero), 1)}" height="14"/>'
        )
        low, high = _number(row.get("low")), _number(row.get("high"))
        if low is not None and high is not None:
            parts.append(f'<line class="reach" x1="{scale(low)}" x2="{scale(high)}" y1="{y}" y2="{y}"/>')
        parts.append(f'<text class="tick" x="{WIDTH - RIGHT + 8}" y="{y + 4}">{float(row[value]):.4g}</text>')
    height = ROW * len(some) + 10
    more = f" (the first {MOST} of {len(rows)})" if len(rows) > len(some) else ""
    return f"<figure>{_svg(height, parts, title)}<figcaption>{escape(title)}{more}</figcaption></figure>"


def _scale(values: Sequence[float], start: float, end: float) -> Any:
    low, high = min(values), max(values)
    if high - low < 1e-12:
        low, high = low - 0.5, high + 0.5
    room = (high - low) * 0.04
    low, high = low - room, high + room
    return lambda value: round(start + (value - low) / (high - low) * (end - start), 1)


def _svg(height: float, parts: Sequence[str], title: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">'
        + "".join(parts)
        + "</svg>"
    )


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def _short(text: str, most: int = 32) -> str:
    return escape(text if len(text) <= most else text[: most - 1] + "…")
