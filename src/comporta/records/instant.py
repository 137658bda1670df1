"""Instants as whole microseconds since 1970, UTC: how facts and tables hold them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def microseconds(at: datetime) -> int:
    """Since 1970, UTC. Raises ValueError when `at` has no time zone."""
    if at.tzinfo is None:
        raise ValueError(f"clock: found {at!r} without a time zone, expected one in UTC.")
    return (at - EPOCH) // MICROSECOND


def moment(micros: int) -> datetime:
    """The time these microseconds after 1970, UTC. Raises OverflowError beyond the years 1 to 9999."""
    return EPOCH + micros * MICROSECOND


_SHORTEST = len("00:00:00.1234567")
_FINER = re.compile(r"[.,]\d{6}0*[1-9]")


class FinerThanMicroseconds(ValueError):
    """A time has more than six digits behind its seconds, and they are not all zeros."""


def parse_time(text: str) -> datetime:
    """ISO 8601. Raises ValueError, and FinerThanMicroseconds where Python would cut digits off."""
    made = datetime.fromisoformat(text)
    require_microseconds(text)
    return made


def require_microseconds(text: str) -> None:
    """Raises FinerThanMicroseconds on the text of a time that no whole microseconds are."""
    if len(text) >= _SHORTEST and _FINER.search(text):
        raise FinerThanMicroseconds
