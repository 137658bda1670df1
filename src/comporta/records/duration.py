"""Spans of time as people write them: `90s`, `15m`, `6h`, `30d`, `2w`."""

from __future__ import annotations

import re
from datetime import timedelta

from comporta.errors import BadProject

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def duration(text: str | timedelta) -> timedelta:
    """The span. Raises BadProject on anything but a whole or decimal number and one of s, m, h, d, w."""
    if isinstance(text, timedelta):
        return text
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhdw])", text)
    if match is None:
        raise BadProject(f"found {text!r}, expected a span such as '90s', '15m', '6h', '30d' or '2w'.")
    try:
        return timedelta(**{_UNITS[match[2]]: float(match[1])})
    except OverflowError:
        raise BadProject(f"found {text!r}, expected a span of less than 2.7 million years.") from None


def duration_text(span: timedelta) -> str:
    """The span as people write it, in days where these are whole, else in the largest unit that is:
    `14d`, `36h`, `1.5s`."""
    for unit in ("d", "h", "m"):
        count, rest = divmod(span, timedelta(**{_UNITS[unit]: 1}))
        if span and not rest:
            return f"{count}{unit}"
    return f"{span.total_seconds():g}s"
