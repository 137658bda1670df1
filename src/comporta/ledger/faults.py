"""What an audit can find, as codes with their sentences, and the record of one audit."""

from __future__ import annotations

from typing import Literal

from comporta.records.event import Head
from comporta.records.message import Message, code
from comporta.records.record import Record

What = Literal[
    "changed",
    "moved",
    "removed",
    "truncated",
    "rewritten",
    "unreadable",
    "reading",
    "time",
    "number",
    "body",
    "signature",
    "key",
    "guard",
]


class LedgerFault(Record, frozen=True, kw_only=True):
    """One thing that is not as it was written. seq: the event, or 0. projection, key: the state, or empty."""

    what: What
    message: Message
    seq: int = 0
    reading: str = ""
    key: str = ""


class Audit(Record, frozen=True, kw_only=True):
    """What `verify` found. head: the last event's seq and hash as stored: keep it elsewhere.

    project: whose chain. events: how many were followed. keyed: how many of them are of the keyed chain,
    which only the key can verify. signed: heads whose signature was verified under `public`, the project's
    key. removed: event → the event that says that its body was removed. readings: names of the projections
    that were rebuilt.
    faults: the first of them; count: how many there are. unknown: what this audit cannot know.
    """

    project: str
    events: int
    keyed: int
    signed: int
    public: str
    removed: dict[int, int]
    head: Head
    readings: tuple[str, ...]
    faults: tuple[LedgerFault, ...]
    count: int
    unknown: tuple[Message, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing was found."""
        return self.count == 0


MISSING = code("ledger.event_missing", "event {seq} is missing.", seq=int)
MISSING_MANY = code("ledger.events_missing", "events {first} to {last} are missing.", first=int, last=int)
NUMBER = code("ledger.number", "event {seq}: events are numbered from 1; no ledger wrote it.", seq=int)
FOLLOWS = code("ledger.follows", "event {seq} follows another event than the one before it.", seq=int)
CHANGED = code("ledger.changed", "event {seq} ({kind}) is not what was written.", seq=int, kind=str)
RELINKED = code("ledger.relinked", "event {seq} ({kind}): its link is not of its leaf.", seq=int, kind=str)
KEYED_LATE = code(
    "ledger.keyed_late",
    "event {seq} ({kind}) has no leaf, though the keyed chain had ended.",
    seq=int,
    kind=str,
)
NOT_CONTINUED = code(
    "ledger.not_continued",
    "event {seq} ({kind}): expected a chain.continued with the head of the keyed chain before it.",
    seq=int,
    kind=str,
)
MOVED = code("ledger.moved", "event {seq} was written as event {other}.", seq=int, other=int)
FIELD_TYPE = code("ledger.field_type", "event {seq}: a field is not of its type.", seq=int)
BACKWARDS = code(
    "ledger.backwards", "event {seq} ({kind}) is older than the one before it.", seq=int, kind=str
)
BODY = code(
    "ledger.body_missing", "event {seq} ({kind}): its body is gone, and no event says why.", seq=int, kind=str
)
UNREADABLE = code("ledger.unreadable", "{error}", seq=int, kind=str, error=str)
UNFOLDED = code(
    "ledger.unfolded", "event {seq} ({kind}) cannot be applied: {error}.", seq=int, kind=str, error=str
)
OTHER_HEAD = code("ledger.other_head", "event {seq} is not the one whose hash was kept elsewhere.", seq=int)
TRUNCATED = code(
    "ledger.truncated",
    "the chain ends at event {seq}, but event {expected} was there: {missing} or more were cut off.",
    seq=int,
    expected=int,
    missing=int,
)
UNSIGNED = code("ledger.unsigned", "event {seq}, the last one, is under no signed head.", seq=int)
SIGNATURE = code("ledger.signature", "the signature of the head at event {seq} is wrong.", seq=int)
SIGNED_OTHER = code(
    "ledger.signed_other", "the head signed at event {seq} is not that event's link.", seq=int
)
SIGNED_BY = code(
    "ledger.signed_by",
    "the head at event {seq} is signed with the key {key}, not the project's.",
    seq=int,
    key=str,
)
PUBLISHED = code(
    "ledger.published", "event {seq} publishes the key {key}, which is not the project's.", seq=int, key=str
)
PUBLIC_OTHER = code(
    "ledger.public_other",
    "comporta.pub holds the key {found}, but this project signs with {expected}. Where the file is another "
    "project's, write this one's: comporta audit key > comporta.pub. Else the key here is not the project's.",
    found=str,
    expected=str,
)
GUARD = code(
    "ledger.guard",
    "the database's trigger {name}, which refuses changed events, is gone or altered.",
    name=str,
)
FOREIGN_TRIGGER = code(
    "ledger.foreign_trigger",
    "the database's trigger or rule {name} on the ledger's tables is not the ledger's: it can change what is "
    "written. Find out who made it, and drop it.",
    name=str,
)
NO_EVENT = code("ledger.reading_without_event", "{reading} {key!r}: no event says so.", reading=str, key=str)
ELSE = code(
    "ledger.reading_differs", "{reading} {key!r}: the events say something else.", reading=str, key=str
)
GONE = code(
    "ledger.reading_missing",
    "{reading} {key!r}: the events say it, but it is missing.",
    reading=str,
    key=str,
)

TRUNCATION = code("ledger.truncation_unchecked", "truncation not checked: pass --head from an earlier audit")
STRANGE = code(
    "ledger.kind_unknown",
    "{count} events of kind {kind} not read: this Comporta does not know that kind",
    count=int,
    kind=str,
)
NOT_KEPT = code(
    "ledger.reading_stopped",
    "{reading} not checked after event {seq}: it was not kept further; a command that needs it does that",
    reading=str,
    seq=int,
)
KEYED_TIME = code(
    "ledger.keyed_backwards",
    "times of {count} events of the keyed chain not checked: they are older than the one before, as a clock "
    "that was set back made them then",
    count=int,
)
NO_PUBLIC = code(
    "ledger.public_unchecked",
    "public key not compared: no comporta.pub here; `comporta audit key > comporta.pub` writes it, for git",
)
