"""What a server saw and said, and what came true."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from comporta.records.record import Record


class Joined(Record, frozen=True, kw_only=True):
    """One row of history that a prediction or a training row read: where it came from, when it was known.

    key: the source row's key columns. event: when it was true. arrived: when it was known.
    """

    dataset: str
    version: int
    key: dict[str, Any]
    event: datetime | None = None
    arrived: datetime | None = None


class Observation(Record, frozen=True, kw_only=True):
    """One prediction. id: as answered to the client. unit: what routes and outcomes are counted by."""

    id: str
    model: str
    version: int
    at: datetime
    inputs: dict[str, Any]
    output: dict[str, Any]
    joined: tuple[Joined, ...] = ()
    key: str | None = None
    subject: str | None = None
    unit: str | None = None


class Feedback(Record, frozen=True, kw_only=True):
    """What came true for one prediction. at: when it happened; arrived: when it was told."""

    id: str
    label: Any
    at: datetime | None = None
    arrived: datetime
