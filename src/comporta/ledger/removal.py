"""Removing the body of an event: which may be removed, and the fact that records it."""

from __future__ import annotations

import re

from comporta.errors import BadProject, NotFound, Refused, Tampered
from comporta.ledger.chain import microseconds
from comporta.ledger.stored import is_written, row_of
from comporta.records.event import Event
from comporta.records.facts import ChainContinued, EventRemoved, ProjectKeyed

_STAYS = {fact.kind for fact in (ChainContinued, EventRemoved, ProjectKeyed)}


def require_removable(event: Event | None, seq: int, key: bytes) -> Event:
    """The event itself. Raises NotFound where there is none, Refused where its body must stay, and Tampered
    where it was changed, since the fact records what it was."""
    if event is None:
        raise NotFound(f"event {seq}: there is none. `comporta audit verify` tells how many there are.")
    if not event.leaf:
        raise Refused(
            f"event {seq}: it is of the keyed chain, whose links cover the bodies themselves. "
            "Only events after `chain.continued` can lose theirs."
        )
    if event.kind in _STAYS:
        raise Refused(f"event {seq}: a {event.kind} says what the chain stands on, so its body must stay.")
    if event.body is None:
        raise Refused(f"event {seq}: its body was removed already.")
    if not is_written(key, event.project, row_of(event), seq):
        raise Tampered(f"event {seq}: it is not what was written. `comporta audit verify` tells more.")
    return event


def fact_of(event: Event, reason: str, by: str) -> EventRemoved:
    """The fact that records a removal. Raises BadProject on a reason that is no code: facts are for ever."""
    if not re.fullmatch(r"[a-z][a-z0-9_.-]{0,63}", reason):
        raise BadProject(
            f"reason: found {reason[:40]!r}, expected a code of small letters, digits, '.', '_' and '-', "
            "such as erasure. What it is in words belongs where it can be deleted."
        )
    return EventRemoved(
        seq=event.seq,
        reason=reason,
        by=by,
        removed_at=microseconds(event.at),
        removed_kind=event.kind,
        removed_schema=event.schema,
    )


def needed_by_later_events(seq: int, error: Exception) -> Refused:
    """The error for an event that later events need."""
    return Refused(
        f"event {seq}: later events cannot be read without it ({error!r}), so its body stays. "
        "Remove theirs first."
    )
