"""Verifying a ledger: its chain, and every projection, rebuilt from the events and compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from comporta.errors import ComportaError
from comporta.ledger import faults as found
from comporta.ledger.chain_verifier import MAX_REPORTED, ChainVerifier, FaultList
from comporta.ledger.faults import Audit
from comporta.ledger.projections import ProjectionSet, States
from comporta.ledger.protocol import Ledger, Snapshot
from comporta.ledger.signing import public_key
from comporta.ledger.upcasts import UPCASTS, Upcast
from comporta.records.event import Event, Fact, Head, Projection
from comporta.records.facts import FACTS, ChainContinued, EventRemoved, ProjectKeyed
from comporta.records.message import Message


def verify(
    ledger: Ledger,
    projections: Sequence[Projection[Any]],
    key: bytes,
    head: Head | None = None,
    *,
    public: str | None = None,
    facts: Sequence[type[Fact]] = FACTS,
    upcasts: Mapping[tuple[str, int], Upcast] = UPCASTS,
) -> Audit:
    """Every difference between the project's stored events and projections and what was written.

    key: the chain's. head: the `head` of an earlier audit, stored elsewhere; without it, events cut off the
    end, or a chain rewritten by someone who has the key, cannot be detected. public: the published public
    key; empty: none was published; None: do not compare. Everything is read as of one moment; writers go on.
    """
    faults = FaultList()
    signs = public_key(key)
    with ledger.snapshot() as snapshot:
        chain = ChainVerifier(ledger.project, key, signs, snapshot.heads(), faults)
        states = _Rebuilt(ProjectionSet(projections, facts, upcasts), snapshot, signs, faults)
        for row in snapshot.rows():
            event = chain.follow(row, head)
            if event is not None:
                states.apply(event)
        chain.end()
        _compare(states, snapshot, faults)
        for name in snapshot.missing_guards():
            faults.add("guard", found.GUARD(name=name))
        for name in snapshot.foreign_triggers():
            faults.add("guard", found.FOREIGN_TRIGGER(name=name))
    _compare_removals(chain, states, faults)
    unknown = list(states.unknown())
    if chain.backwards:
        unknown.append(found.KEYED_TIME(count=chain.backwards))
    if public == "":
        unknown.append(found.NO_PUBLIC())
    elif public is not None and public != signs:
        faults.add("key", found.PUBLIC_OTHER(found=public, expected=signs))
    if head is None:
        unknown.append(found.TRUNCATION())
    elif chain.seq < head.seq:
        short = found.TRUNCATED(seq=chain.seq, expected=head.seq, missing=head.seq - chain.seq)
        faults.add("truncated", short, seq=chain.seq)
    return Audit(
        project=ledger.project,
        events=chain.events,
        keyed=chain.keyed,
        signed=chain.signed,
        public=signs,
        removed={seq: by for seq, (by, _) in states.removed.items() if seq in chain.bodiless},
        head=Head(seq=chain.seq, hash=chain.hash),
        readings=tuple(each.name for each in projections),
        faults=tuple(faults[:MAX_REPORTED]),
        count=len(faults),
        unknown=tuple(unknown),
    )


def _compare_removals(chain: ChainVerifier, states: _Rebuilt, faults: FaultList) -> None:
    """Each event without a body must have an EventRemoved that names its time, kind and schema."""
    for seq, (at, kind, schema) in chain.bodiless.items():
        removal = states.removed.get(seq)
        if removal is None:
            faults.add("body", found.BODY(seq=seq, kind=kind), seq=seq)
        elif removal[1] is not None and removal[1] != (at, kind, schema):
            faults.add("changed", found.CHANGED(seq=seq, kind=kind), seq=seq)


class _Nothing:
    def state(self, projection: str, key: str) -> None:
        return None

    def states(self, projection: str, prefix: str, newest: bool, limit: int | None) -> list[tuple[str, str]]:
        return []


class _Rebuilt:
    """Every projection rebuilt from the events alone. signs: the public key that the chain must name.

    removed: event → the EventRemoved that names it, with the time, kind and schema that it records; None
    where it was written before those were recorded."""

    def __init__(self, projections: ProjectionSet, snapshot: Snapshot, signs: str, faults: FaultList) -> None:
        self._projections = projections
        self._signs = signs
        self._faults = faults
        self._states = States(projections, _Nothing())
        self._strange: dict[str, int] = {}
        self.removed: dict[int, tuple[int, tuple[int, str, int] | None]] = {}
        self.upto = {name: snapshot.upto(name) for name in projections.by_name}

    def apply(self, event: Event) -> None:
        if event.body is None:
            return
        try:
            fact = self._projections.decoding.fact(event)
        except ComportaError as error:
            wrong = found.UNREADABLE(seq=event.seq, kind=event.kind, error=str(error))
            self._faults.add("unreadable", wrong, seq=event.seq)
            return
        if fact is None:
            self._strange[event.kind] = self._strange.get(event.kind, 0) + 1
            return
        self._own(fact, event)
        current = {name for name, upto in self.upto.items() if upto is None or event.seq <= upto}
        try:
            self._states.apply(fact, event, current)
        except Exception as error:  # boundary: a projection may meet a history that no writer could have made
            wrong = found.UNFOLDED(seq=event.seq, kind=event.kind, error=repr(error))
            self._faults.add("unreadable", wrong, seq=event.seq)

    def _own(self, fact: Fact, event: Event) -> None:
        if isinstance(fact, EventRemoved) and fact.seq < event.seq:
            was = (fact.removed_at, fact.removed_kind, fact.removed_schema) if fact.removed_kind else None
            self.removed[fact.seq] = (event.seq, was)
        elif isinstance(fact, ProjectKeyed | ChainContinued) and fact.public not in ("", self._signs):
            self._faults.add("key", found.PUBLISHED(seq=event.seq, key=fact.public), seq=event.seq)

    def of(self, projection: str) -> dict[str, str]:
        """Key → JSON text."""
        return {
            key: text
            for (name, key), text in self._states.changes.items()
            if name == projection and text is not None
        }

    def unknown(self) -> Iterable[Message]:
        for kind, count in sorted(self._strange.items()):
            yield found.STRANGE(count=count, kind=kind)
        for name, upto in sorted(self.upto.items()):
            if upto is not None:
                yield found.NOT_KEPT(reading=name, seq=upto)


def _compare(rebuilt: _Rebuilt, snapshot: Snapshot, faults: FaultList) -> None:
    for projection in rebuilt.upto:
        expected = rebuilt.of(projection)
        for key, text in snapshot.states(projection):
            where = {"reading": projection, "key": key if isinstance(key, str) else repr(key)}
            if key not in expected:
                faults.add("reading", found.NO_EVENT(**where), **where)
            elif expected.pop(key) != text:
                faults.add("reading", found.ELSE(**where), **where)
        for key in sorted(expected):
            where = {"reading": projection, "key": key}
            faults.add("reading", found.GONE(**where), **where)
