"""Instants as whole microseconds since 1970, UTC: how facts and tables hold them."""

from __future__ import annotations

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
