"""What a server saw and said, and what came true."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from comporta.records.record import Record

PREDICTIONS, FEEDBACK = "predictions", "feedback"
"""Datasets that Comporta writes by itself: `predictions.<model>` of each model (before that, `predictions` of
all), and what came true. No declared dataset may have these names."""


class JoinedRow(Record, frozen=True, kw_only=True):
    """One row of history that a prediction or a training row read: where it came from, when it was known.

    key: the source row's key columns. event: when it was true. arrived: when it was known.
    """

    dataset: str
    version: int
    key: dict[str, Any]
    event: datetime | None = None
    arrived: datetime | None = None


class Observation(Record, frozen=True, kw_only=True, omit_defaults=True):
    """One prediction. id: as answered to the client. unit: what routes and outcomes are counted by.

    release: number of the release that routed it, None where a request named its version. arm: the role of
    its share. worker: the process that answered. latency_us: microseconds the model took for its request.
    token: the name of the token that the request came with; None as long as servers know none.
    """

    id: str
    model: str
    version: int
    at: datetime
    inputs: dict[str, Any]
    output: dict[str, Any]
    joined: tuple[JoinedRow, ...] = ()
    key: str | None = None
    subject: str | None = None
    unit: str | None = None
    release: int | None = None
    arm: str | None = None
    worker: str | None = None
    latency_us: int | None = None
    token: str | None = None


class Feedback(Record, frozen=True, kw_only=True):
    """What came true for one prediction. at: when it happened; arrived: when it was told."""

    id: str
    label: Any
    at: datetime | None = None
    arrived: datetime
