"""Whether the ledger is what was written: the chain followed, every reading folded again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from comporta.errors import ComportaError
from comporta.ledger.chain import link, moment
from comporta.ledger.folding import Opened, States
from comporta.ledger.protocol import Ledger, Row, Snapshot
from comporta.ledger.upcasts import UPCASTS, Upcast
from comporta.records.event import Event, Fact, Head, Reading
from comporta.records.facts import FACTS
from comporta.records.record import Record

_TOLD = 100  # faults listed one by one; the rest are counted

What = Literal["changed", "moved", "removed", "truncated", "rewritten", "unreadable", "reading"]


class Fault(Record, frozen=True, kw_only=True):
    """One thing that is not as it was written. seq: the event, or 0. reading, key: the state, or empty."""

    what: What
    message: str
    seq: int = 0
    reading: str = ""
    key: str = ""


class Audit(Record, frozen=True, kw_only=True):
    """What `verify` found. head: the last event's seq and hash as stored: keep it elsewhere.

    events: how many were followed. readings: those that were folded again. faults: the first of them;
    count: how many there are. unknown: what this audit cannot know, in plain words.
    """

    events: int
    head: Head
    readings: tuple[str, ...]
    faults: tuple[Fault, ...]
    count: int
    unknown: tuple[str, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing was found."""
        return self.count == 0


class _Faults(list[Fault]):
    def add(self, what: What, message: str, **where: Any) -> None:
        self.append(Fault(what=what, message=message, **where))


def verify(
    ledger: Ledger,
    readings: Sequence[Reading[Any]],
    key: bytes,
    head: Head | None = None,
    *,
    facts: Sequence[type[Fact]] = FACTS,
    upcasts: Mapping[tuple[str, int], Upcast] = UPCASTS,
) -> Audit:
    """What of the stored events and readings is not as it was written.

    key: the chain's. head: the last link as someone else kept it (an earlier audit's `head`); only with
    it can events cut off the end, or a chain written anew by someone who has the key, be told.
    Writers go on meanwhile: everything is read as of one moment.
    """
    faults = _Faults()
    with ledger.snapshot() as snapshot:
        chain = _Chain(key, faults)
        states = _Refolded(Opened(readings, facts, upcasts), snapshot, faults)
        for row in snapshot.rows():
            event = chain.follow(row, head)
            if event is not None:
                states.fold(event)
        _compare(states, snapshot, faults)
    chain.name_moved()
    unknown = list(states.unknown())
    if head is None:
        unknown.append(
            f"Whether events after {chain.seq} were cut off the end: no head kept elsewhere was given. "
            "Keep this audit's head outside the ledger and hand it to the next one."
        )
    elif chain.seq < head.seq:
        faults.add(
            "truncated",
            f"the chain ends at event {chain.seq}, but event {head.seq} was there: "
            f"{head.seq - chain.seq} or more were cut off.",
            seq=chain.seq,
        )
    return Audit(
        events=chain.events,
        head=Head(seq=chain.seq, hash=chain.hash),
        readings=tuple(each.name for each in readings),
        faults=tuple(faults[:_TOLD]),
        count=len(faults),
        unknown=tuple(unknown),
    )


class _Chain:
    """Follows the chain row by row."""

    def __init__(self, key: bytes, faults: _Faults) -> None:
        self._key = key
        self._faults = faults
        self._wrong: list[Row] = []
        self.events = 0
        self.seq = 0
        self.hash = ""

    def follow(self, row: Row, head: Head | None) -> Event | None:
        """The event of the row where it can be read, whatever else is wrong with it."""
        seq, at, kind, schema, body, prev, hash_ = row
        self.events += 1
        if seq != self.seq + 1:
            first, last = self.seq + 1, seq - 1
            named = f"event {first} is" if first == last else f"events {first} to {last} are"
            self._faults.add("removed", f"{named} missing.", seq=first)
        elif prev != self.hash:
            self._faults.add("changed", f"event {seq} follows another event than the one before it.", seq=seq)
        types = (int, int, str, int, bytes, str, str)
        body = bytes(body) if isinstance(body, memoryview) else body
        readable = all(
            type(part) is type_ for part, type_ in zip((*row[:4], body, prev, hash_), types, strict=True)
        )
        self.seq, self.hash = seq, str(hash_)
        if head is not None and head.seq == seq and head.hash != hash_:
            self._faults.add(
                "rewritten", f"event {seq} is not the one whose hash was kept elsewhere.", seq=seq
            )
        if not readable:
            self._faults.add("unreadable", f"event {seq}: a field is not of its type.", seq=seq)
            return None
        if hash_ != _hash(self._key, seq, row):
            self._faults.add("changed", f"event {seq} ({kind}) is not what was written.", seq=seq)
            if len(self._wrong) < _TOLD:
                self._wrong.append(row)
        try:
            return Event(seq=seq, at=moment(at), kind=kind, schema=schema, body=body, prev=prev, hash=hash_)
        except OverflowError:
            return None

    def name_moved(self) -> None:
        """Tells a changed event from one that stood in another's place."""
        for row in self._wrong:
            for other in self._wrong:
                if other[0] != row[0] and row[6] == _hash(self._key, other[0], row):
                    self._faults.add("moved", f"event {row[0]} was written as event {other[0]}.", seq=row[0])


def _hash(key: bytes, seq: int, row: Row) -> str:
    _, at, kind, schema, body, prev, _ = row
    return link(key, prev=prev, seq=seq, at=at, kind=kind, schema=schema, body=bytes(body))


class _Nothing:
    def state(self, reading: str, key: str) -> None:
        return None

    def states(self, reading: str, prefix: str, newest: bool, limit: int | None) -> list[tuple[str, str]]:
        return []


class _Refolded:
    """Every reading made again, from the events alone."""

    def __init__(self, opened: Opened, snapshot: Snapshot, faults: _Faults) -> None:
        self._opened = opened
        self._faults = faults
        self._states = States(opened, _Nothing())
        self._strange: dict[str, int] = {}
        self.upto = {name: snapshot.upto(name) for name in opened.readings}

    def fold(self, event: Event) -> None:
        try:
            fact = self._opened.decoding.fact(event)
        except ComportaError as error:
            self._faults.add("unreadable", str(error), seq=event.seq)
            return
        if fact is None:
            self._strange[event.kind] = self._strange.get(event.kind, 0) + 1
            return
        current = {name for name, upto in self.upto.items() if upto is None or event.seq <= upto}
        try:
            self._states.fold(fact, event, current)
        except Exception as error:  # boundary: a fold may meet a history that no writer could have made
            self._faults.add(
                "unreadable", f"event {event.seq} ({event.kind}) cannot be folded: {error!r}.", seq=event.seq
            )

    def of(self, reading: str) -> dict[str, str]:
        """Key → JSON text."""
        return {
            key: text
            for (name, key), text in self._states.changes.items()
            if name == reading and text is not None
        }

    def unknown(self) -> Iterable[str]:
        for kind, count in sorted(self._strange.items()):
            yield f"What {count} events of kind {kind} mean: this Comporta has no room for them."
        for name, upto in sorted(self.upto.items()):
            if upto is not None:
                yield (
                    f"What {name} would say after event {upto}: it was not kept further. "
                    "Open the ledger with it, and it is."
                )


def _compare(refolded: _Refolded, snapshot: Snapshot, faults: _Faults) -> None:
    for reading in refolded.upto:
        expected = refolded.of(reading)
        for key, text in snapshot.states(reading):
            where = {"reading": reading, "key": key}
            if key not in expected:
                faults.add("reading", f"{reading} {key!r}: no event says so.", **where)
            elif expected.pop(key) != text:
                faults.add("reading", f"{reading} {key!r}: the events say something else.", **where)
        for key in sorted(expected):
            faults.add(
                "reading",
                f"{reading} {key!r}: the events say it, but it is missing.",
                reading=reading,
                key=key,
            )
