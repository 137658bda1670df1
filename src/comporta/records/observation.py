"""What a server saw and said, and what came true."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import UNSET, UnsetType

from comporta.records.record import Record

PREDICTIONS, FEEDBACK = "predictions", "feedback"
"""Datasets that Comporta writes by itself: `predictions.<model>` of each model (before that, `predictions` of
all), and what came true. No declared dataset may have these names."""


class JoinedRow(Record, frozen=True, kw_only=True):
    """What of a table's history a prediction or a training row read: one row, or a window of rows.

    key: the source row's key columns. event: when it was true. arrived: when it was known.
    since: of a window, and stored for it alone: it read the rows whose event is later, up to `event`, that
    arrived up to `arrived`: these two are of its newest rows. `key`: what all its rows were matched on.
    """

    dataset: str
    version: int
    key: dict[str, Any]
    event: datetime | None = None
    arrived: datetime | None = None
    since: datetime | UnsetType = UNSET


class Observation(Record, frozen=True, kw_only=True, omit_defaults=True):
    """One prediction. id: as answered to the client. unit: what routes and outcomes are counted by.

    release: number of the release that routed it, None where a request named its version. arm: the role of
    its share. worker: the process that answered. latency_us: microseconds the model took for its request.
    token: the name of the token that the request showed; None where none was asked for. traceparent: of the
    trace that the request was part of, as W3C Trace Context writes it. shadow_of: of what a shadow would have
    answered, the id of what was answered: whatever came true of that is the label of both.
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
    traceparent: str | None = None
    shadow_of: str | None = None


class Feedback(Record, frozen=True, kw_only=True):
    """What came true for one prediction. at: when it happened; arrived: when it was told."""

    id: str
    label: Any
    at: datetime | None = None
    arrived: datetime
