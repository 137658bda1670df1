"""Time that stands still until a test moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    """A clock moved by hand: `clock()` tells the time, `clock.forward(hours=1)` moves it."""

    def __init__(self, now: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def forward(self, span: timedelta | None = None, **parts: float) -> datetime:
        """The new time. span: or what `timedelta` takes: `days=1`, `seconds=90`."""
        self.now += timedelta(**parts) if span is None else span
        return self.now
