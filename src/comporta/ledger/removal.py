"""Removing the body of an event: which may be removed, and the fact that records it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from comporta.errors import BadProject, NotFound, Refused, Tampered
from comporta.ledger.stored import is_written, row_of
from comporta.records.event import Event
from comporta.records.facts import (
    FACTS,
    ChainContinued,
    EventRemoved,
    ProjectKeyed,
    RunEnded,
    VersionApproved,
    VersionJudged,
    VersionReleased,
    VersionWaived,
)
from comporta.records.identity import is_person_id
from comporta.records.instant import microseconds

_STAYS = {fact.kind for fact in (ChainContinued, EventRemoved, ProjectKeyed)}
_KNOWN = {fact.kind for fact in FACTS}
_FORMER_SCHEMAS: dict[str, int] = {
    RunEnded.kind: 1,
    VersionJudged.kind: 1,
    VersionApproved.kind: 1,
    VersionReleased.kind: 1,
    VersionWaived.kind: 2,
}
"""Kind → the last schema that held names, or sentences that may say anything."""
_CONCEALED = re.compile("#[0-9a-f]{32}")


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
    if event.kind in _KNOWN and not _may_hold_personal_value(event):
        raise Refused(
            f"event {seq}: this {event.kind} holds ids, codes, counts and digests and no personal value, so "
            "its body must stay. A name goes by `comporta people forget NAME`, the text of a reason or the "
            "words of a verdict by `comporta store remove DIGEST`."
        )
    return event


def _may_hold_personal_value(event: Event) -> bool:
    """Whether a schema of before wrote it with names or sentences, or the body itself shows one: where an id,
    an artifact or a digest stands today."""
    if event.kind not in _FORMER_SCHEMAS:
        return False
    if event.schema <= _FORMER_SCHEMAS[event.kind]:
        return True
    return any(map(_in_clear, _parts(msgspec.json.decode(event.body or b"null"))))


def _parts(value: Any) -> Iterator[dict[str, Any]]:
    """The value's objects, however deep."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _parts(each)


def _in_clear(part: dict[str, Any]) -> bool:
    """Whether it is an act by a name or with a reason's text, or a verdict with somebody's own sentences."""
    texts = [part.get(name) for name in ("reason", "title", "slice")]
    by = part.get("by", "")
    return (isinstance(by, str) and by != "" and not is_person_id(by)) or any(
        isinstance(text, str) and text != "" and _CONCEALED.fullmatch(text) is None for text in texts
    )


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
