"""The record of events as a feed: what came after a number, for who may audit."""

from __future__ import annotations

from itertools import islice

import msgspec

from comporta.opened.permission import require_permission
from comporta.opened.project import OpenProject
from comporta.records import Record

MOST_EVENTS = 500
"""Read at a time."""


class FeedEvent(Record, frozen=True, kw_only=True):
    """seq: its number, from 1 without gaps. at: when, ISO 8601 in UTC. body: the fact as it is stored; null
    where it was removed."""

    seq: int
    at: str
    kind: str
    schema: int
    body: msgspec.Raw


def events_after(opened: OpenProject, after: int) -> tuple[FeedEvent, ...]:
    """The next events behind this number, in order, at most `MOST_EVENTS`. Raises Forbidden."""
    require_permission(opened, "audit.read")
    return tuple(
        FeedEvent(
            seq=each.seq,
            at=each.at.isoformat(),
            kind=each.kind,
            schema=each.schema,
            body=msgspec.Raw(b"null" if each.body is None else each.body),
        )
        for each in islice(opened.ledger.events(after), MOST_EVENTS)
    )
