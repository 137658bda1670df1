"""A ledger in this process: for tests, and for trying things out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from comporta.ledger.ending import Ending, ending_of, require_ours
from comporta.ledger.folding import Opened, States
from comporta.ledger.protocol import Row
from comporta.ledger.removal import fact_of, needed, removable
from comporta.ledger.signing import Signer
from comporta.ledger.stored import row_of
from comporta.ledger.turn import Standing, Turn
from comporta.ledger.upcasts import UPCASTS, Upcast
from comporta.records.event import DEFAULT_PROJECT, Event, Fact, Head, Projection, SignedHead, Transaction
from comporta.records.facts import FACTS

S = TypeVar("S")
T = TypeVar("T")


class _Rows:
    """States by (reading, key), and events and signed heads as stored."""

    def __init__(
        self, states: dict[tuple[str, str], str], events: list[Event], heads: list[SignedHead]
    ) -> None:
        self.held = states
        self.events = events
        self.heads = heads

    def state(self, reading: str, key: str) -> str | None:
        return self.held.get((reading, key))

    def states(
        self, reading: str, prefix: str = "", newest: bool = False, limit: int | None = None
    ) -> list[tuple[str, str]]:
        found = [
            (key, text) for (of, key), text in self.held.items() if of == reading and key.startswith(prefix)
        ]
        return sorted(found, reverse=newest)[:limit]


class _Snapshot:
    def __init__(self, rows: _Rows) -> None:
        self._rows = rows

    def rows(self) -> Iterator[Row]:
        yield from map(row_of, self._rows.events)

    def heads(self) -> Iterator[tuple[Any, Any, Any, Any]]:
        for each in self._rows.heads:
            yield each.head.seq, each.head.hash, each.signature, each.key

    def states(self, reading: str) -> list[tuple[str, str]]:
        return self._rows.states(reading)

    def upto(self, reading: str) -> int | None:
        return None

    def unguarded(self) -> list[str]:
        return []


class MemoryLedger:
    """The same chain, folds and refusals as on disk, in two dicts and a list."""

    def __init__(
        self,
        readings: Sequence[Projection[Any]],
        *,
        key: bytes,
        clock: Callable[[], datetime],
        project: str = DEFAULT_PROJECT,
        facts: Sequence[type[Fact]] = FACTS,
        upcasts: Mapping[tuple[str, int], Upcast] = UPCASTS,
    ) -> None:
        self.project = project
        self._opened = Opened(readings, facts, upcasts)
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
                turn = self._turn(rows)
                result = act(turn)
                if turn.events:
                    # New objects, so that readers go on with what they hold.
                    states = {
                        key: text for key, text in (rows.held | turn.changes).items() if text is not None
                    }
                    self._rows = _Rows(states, rows.events + turn.events, [*rows.heads, turn.signed()])
                    self._verified = _ending(self._rows)
                return result
            finally:
                self._writer = None

    def _turn(self, rows: _Rows) -> Turn:
        def require() -> None:
            ending = _ending(rows)
            if ending != self._verified:
                last = row_of(rows.events[-1]) if rows.events else None
                signed = rows.heads[-1] if rows.heads else None
                head = None if signed is None else (*_place(signed), signed.signature, signed.key)
                require_ours(ending, last, head, project=self.project, key=self._key, signer=self._signer)
                self._verified = ending

        standing = _standing(rows.events)
        return Turn(self._opened, rows, standing, self.project, self._signer, self._clock, require)

    def get(self, reading: Projection[S], key: str) -> S | None:
        return States(self._opened, self._rows).get(reading, key)

    def scan(
        self, reading: Projection[S], prefix: str = "", *, newest: bool = False, limit: int | None = None
    ) -> list[tuple[str, S]]:
        return States(self._opened, self._rows).scan(reading, prefix, newest=newest, limit=limit)

    def events(self, after: int = 0) -> Iterator[Event]:
        return iter(self._rows.events[after:])

    def head(self) -> Head:
        events = self._rows.events
        return Head(seq=events[-1].seq, hash=events[-1].hash) if events else Head(seq=0, hash="")

    def snapshot(self) -> AbstractContextManager[_Snapshot]:
        return nullcontext(_Snapshot(self._rows))

    def refold(self, reading: Projection[Any]) -> None:
        name = self._opened.known(reading.name)
        with self._lock:
            self._rows = self._folded(self._rows, {name})

    def remove_body(self, seq: int, *, reason: str, by: str) -> Event:
        with self._lock:
            before = self._rows
            found = next((each for each in before.events if each.seq == seq), None)
            turn = self._turn(before)
            event = turn.append(fact_of(removable(found, seq, self._key), reason, by))
            events = [
                msgspec.structs.replace(each, body=None, salt=None) if each.seq == seq else each
                for each in before.events
            ]
            after = _Rows(before.held, events + turn.events, [*before.heads, turn.signed()])
            try:
                self._rows = self._folded(after, set(self._opened.readings))
            except Exception as error:  # boundary: a fold met a history without the event
                raise needed(seq, error) from error
            return event

    def _folded(self, rows: _Rows, names: set[str]) -> _Rows:
        """With these readings made again from the events."""
        kept = {place: text for place, text in rows.held.items() if place[0] not in names}
        states = States(self._opened, _Rows(kept, [], []))
        for event in rows.events:
            fact = self._opened.decoding.fact(event)
            if fact is not None:
                states.fold(fact, event, names)
        made = {place: text for place, text in states.changes.items() if text is not None}
        return _Rows(kept | made, rows.events, rows.heads)

    def others(self, reading: Projection[S], key: str) -> list[tuple[str, S]]:
        return []

    def projects(self) -> list[str]:
        return [self.project]

    def close(self) -> None:
        """Nothing to let go of."""


def _place(signed: SignedHead) -> tuple[int, str]:
    return signed.head.seq, signed.head.hash


def _ending(rows: _Rows) -> Ending:
    last = row_of(rows.events[-1]) if rows.events else None
    return ending_of(last, _place(rows.heads[-1]) if rows.heads else None)


def _standing(events: Sequence[Event]) -> Standing:
    if not events:
        return Standing()
    last = events[-1]
    return Standing(head=Head(seq=last.seq, hash=last.hash), at=last.at, keyed=not last.leaf)
