"""A ledger in this process: for tests, and for trying things out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from types import MappingProxyType
from typing import Any, TypeVar

import msgspec

from comporta.ledger.ending import Ending, ending_of, require_signed_end
from comporta.ledger.pending import ChainTip, PendingTransaction
from comporta.ledger.projections import ProjectionSet, States
from comporta.ledger.protocol import Compare, EventRow, HeadRow, Sign, as_it_is, unconditionally
from comporta.ledger.removal import fact_of, needed_by_later_events, require_removable
from comporta.ledger.signing import Signer
from comporta.ledger.stored import row_of
from comporta.ledger.upcasts import UPCASTS, Upcast
from comporta.records.event import DEFAULT_PROJECT, Event, Fact, Head, Projection, SignedHead, Transaction
from comporta.records.facts import FACTS
from comporta.records.lease import Lease
from comporta.records.record import encode

S = TypeVar("S")
T = TypeVar("T")


class _Rows:
    """States by (projection, key), and events and signed heads as stored."""

    def __init__(
        self,
        states: dict[tuple[str, str], str],
        events: list[Event],
        heads: list[SignedHead],
        leases: Mapping[str, Lease] = MappingProxyType({}),
    ) -> None:
        self.current = states
        self.events = events
        self.heads = heads
        self.leases = leases

    def lease(self, name: str) -> str | None:
        found = self.leases.get(name)
        return None if found is None else encode(found).decode()

    def state(self, projection: str, key: str) -> str | None:
        return self.current.get((projection, key))

    def states(
        self, projection: str, prefix: str = "", newest: bool = False, limit: int | None = None
    ) -> list[tuple[str, str]]:
        found = [
            (key, text)
            for (of, key), text in self.current.items()
            if of == projection and key.startswith(prefix)
        ]
        return sorted(found, reverse=newest)[:limit]


class _Snapshot:
    def __init__(self, rows: _Rows) -> None:
        self._rows = rows

    def rows(self) -> Iterator[EventRow]:
        yield from map(row_of, self._rows.events)

    def heads(self) -> Iterator[HeadRow]:
        yield from map(_head_row, self._rows.heads)

    def states(self, projection: str) -> list[tuple[str, str]]:
        return self._rows.states(projection)

    def upto(self, projection: str) -> int | None:
        return None

    def missing_guards(self) -> list[str]:
        return []

    def foreign_triggers(self) -> list[str]:
        return []


class MemoryLedger:
    """The same chain, projections and refusals as on disk, in two dicts and a list."""

    def __init__(
        self,
        projections: Sequence[Projection[Any]],
        *,
        key: bytes,
        clock: Callable[[], datetime],
        project: str = DEFAULT_PROJECT,
        facts: Sequence[type[Fact]] = FACTS,
        upcasts: Mapping[tuple[str, int], Upcast] = UPCASTS,
    ) -> None:
        self.project = project
        self._projections = ProjectionSet(projections, facts, upcasts)
        self._key = key
        self._signer = Signer(key)
        # Where the chain ended when it was written or verified last.
        self._verified = Ending()
        self._clock = clock
        self._rows = _Rows({}, [], [])
        self._lock = threading.Lock()
        self._writer: int | None = None

    def transact(self, act: Callable[[Transaction], T]) -> T:
        if self._writer == threading.get_ident():
            raise RuntimeError("transact inside transact: the inner one would wait for the outer. Use one.")
        with self._lock:
            self._writer = threading.get_ident()
            try:
                rows = self._rows
                tx = self._begin(rows)
                result = act(tx)
                if tx.leases:
                    after = {**rows.leases, **tx.leases}
                    leases = {name: each for name, each in after.items() if each is not None}
                    self._rows = rows = _Rows(rows.current, rows.events, rows.heads, leases)
                if tx.events:
                    # New objects, so that readers go on with what they hold.
                    states = {
                        key: text for key, text in (rows.current | tx.changes).items() if text is not None
                    }
                    self._rows = _Rows(
                        states, rows.events + tx.events, [*rows.heads, tx.sign_head()], rows.leases
                    )
                    self._verified = _ending(self._rows)
                return result
            finally:
                self._writer = None

    def _begin(self, rows: _Rows) -> PendingTransaction:
        def require() -> None:
            ending = _ending(rows)
            if ending != self._verified:
                last = row_of(rows.events[-1]) if rows.events else None
                head = _head_row(rows.heads[-1]) if rows.heads else None
                require_signed_end(
                    ending, last, head, project=self.project, key=self._key, signer=self._signer
                )
                self._verified = ending

        tip = _tip(rows.events)
        return PendingTransaction(
            self._projections, rows, tip, self.project, self._signer, self._clock, require
        )

    def get(self, projection: Projection[S], key: str) -> S | None:
        return States(self._projections, self._rows).get(projection, key)

    def scan(
        self, projection: Projection[S], prefix: str = "", *, newest: bool = False, limit: int | None = None
    ) -> list[tuple[str, S]]:
        return States(self._projections, self._rows).scan(projection, prefix, newest=newest, limit=limit)

    def events(self, after: int = 0) -> Iterator[Event]:
        return iter(self._rows.events[after:])

    def head(self) -> Head:
        events = self._rows.events
        return Head(seq=events[-1].seq, hash=events[-1].hash) if events else Head(seq=0, hash="")

    def snapshot(self) -> AbstractContextManager[_Snapshot]:
        return nullcontext(_Snapshot(self._rows))

    def rebuild(self, projection: Projection[Any]) -> None:
        name = self._projections.require(projection.name)
        with self._lock:
            self._rows = self._rebuilt_rows(self._rows, {name})

    def remove_body(
        self, seq: int, *, reason: str, by: str, compare: Compare = unconditionally, sign: Sign = as_it_is
    ) -> Event:
        with self._lock:
            before = self._rows
            found = next((each for each in before.events if each.seq == seq), None)
            tx = self._begin(before)
            removable = require_removable(found, seq, self._key)
            event = tx.append(sign(tx, fact_of(removable, reason, by)))
            require_states = compare(removable, tx)
            events = [
                msgspec.structs.replace(each, body=None, salt=None) if each.seq == seq else each
                for each in before.events
            ]
            after = _Rows(before.current, events + tx.events, [*before.heads, tx.sign_head()], before.leases)
            try:
                rebuilt = self._rebuilt_rows(after, set(self._projections.by_name))
            except Exception as error:  # boundary: a projection met a history without the event
                raise needed_by_later_events(seq, error) from error
            require_states(States(self._projections, rebuilt))
            self._rows = rebuilt
            return event

    def _rebuilt_rows(self, rows: _Rows, names: set[str]) -> _Rows:
        """With these projections made again from the events."""
        unaffected = {place: text for place, text in rows.current.items() if place[0] not in names}
        states = States(self._projections, _Rows(unaffected, [], []))
        for event in rows.events:
            fact = self._projections.decoding.fact(event)
            if fact is not None:
                states.apply(fact, event, names)
        made = {place: text for place, text in states.changes.items() if text is not None}
        return _Rows(unaffected | made, rows.events, rows.heads, rows.leases)

    def lease(self, name: str) -> Lease | None:
        return self._rows.leases.get(name)

    def leases(self) -> list[Lease]:
        return [self._rows.leases[name] for name in sorted(self._rows.leases)]

    def others(self, projection: Projection[S], key: str) -> list[tuple[str, S]]:
        return []

    def projects(self) -> list[str]:
        return [self.project]

    def close(self) -> None:
        """Nothing to let go of."""


def _head_row(signed: SignedHead) -> HeadRow:
    return HeadRow(seq=signed.head.seq, link=signed.head.hash, signature=signed.signature, key=signed.key)


def _ending(rows: _Rows) -> Ending:
    last = row_of(rows.events[-1]) if rows.events else None
    return ending_of(last, rows.heads[-1].head if rows.heads else None)


def _tip(events: Sequence[Event]) -> ChainTip:
    if not events:
        return ChainTip()
    last = events[-1]
    return ChainTip(head=Head(seq=last.seq, hash=last.hash), at=last.at, keyed=not last.leaf)
