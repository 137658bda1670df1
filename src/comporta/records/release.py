"""Who gets which traffic."""

from __future__ import annotations

from datetime import datetime

from comporta.records.record import Record


class Share(Record, frozen=True, kw_only=True):
    """A part of the traffic. weight: 0 to 1; the shares of a release sum to 1."""

    version: int
    weight: float


class Release(Record, frozen=True, kw_only=True):
    """A change of traffic of one model. number: counts from 1 within the model. previous: the champion
    it replaced, or None. kind: `release` or `rollback`."""

    model: str
    number: int
    kind: str
    shares: tuple[Share, ...]
    previous: int | None
    by: str
    reason: str
    at: datetime


class Route(Record, frozen=True, kw_only=True):
    """What serves now, with its history, newest last."""

    model: str
    shares: tuple[Share, ...]
    history: tuple[Release, ...]

    @property
    def champion(self) -> int:
        """The version with the largest share."""
        return max(self.shares, key=lambda share: share.weight).version
