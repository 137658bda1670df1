"""A ledger in this process: for tests, and for trying things out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import Any, TypeVar

from comporta.ledger.chain import microseconds
from comporta.ledger.folding import Opened, States
from comporta.ledger.protocol import Row
from comporta.ledger.turn import Turn
from comporta.ledger.upcasts import UPCASTS, Upcast
from comporta.records.event import Event, Fact, Head, Reading, Transaction
from comporta.records.facts import FACTS

S = TypeVar("S")
T = TypeVar("T")


class _Rows:
    """States by (reading, key), and events as stored."""

    def __init__(self, states: dict[tuple[str, str], str], events: list[Event]) -> None:
        self.held = states
        self.events = events

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
        for each in self._rows.events:
            yield (each.seq, microseconds(each.at), each.kind, each.schema, each.body, each.prev, each.hash)

    def states(self, reading: str) -> list[tuple[str, str]]:
        return self._rows.states(reading)

    def upto(self, reading: str) -> int | None:
        return None


class MemoryLedger:
    """The same chain, folds and refusals as on disk, in two dicts and a list."""

    def __init__(
        self,
        readings: Sequence[Reading[Any]],
        *,
        key: bytes,
        clock: Callable[[], datetime],
        facts: Sequence[type[Fact]] = FACTS,
        upcasts: Mapping[tuple[str, int], Upcast] = UPCASTS,
    ) -> None:
        self._opened = Opened(readings, facts, upcasts)
        self._key = key
        self._clock = clock
        self._rows = _Rows({}, [])
        self._lock = threading.Lock()
        self._writer: int | None = None

    def transact(self, act: Callable[[Transaction], T]) -> T:
        if self._writer == threading.get_ident():
            raise RuntimeError("transact inside transact: the inner one would wait for the outer. Use one.")
        with self._lock:
            self._writer = threading.get_ident()
            try:
                turn = Turn(self._opened, self._rows, self.head(), self._key, self._clock)
                result = act(turn)
                # New objects, so that readers go on with what they hold.
                states = {
                    key: text for key, text in (self._rows.held | turn.changes).items() if text is not None
                }
                self._rows = _Rows(states, [*self._rows.events, *turn.events])
                return result
            finally:
                self._writer = None

    def get(self, reading: Reading[S], key: str) -> S | None:
        return States(self._opened, self._rows).get(reading, key)

    def scan(
        self, reading: Reading[S], prefix: str = "", *, newest: bool = False, limit: int | None = None
    ) -> list[tuple[str, S]]:
        return States(self._opened, self._rows).scan(reading, prefix, newest=newest, limit=limit)

    def events(self, after: int = 0) -> Iterator[Event]:
        return iter(self._rows.events[after:])

    def head(self) -> Head:
        events = self._rows.events
        return Head(seq=events[-1].seq, hash=events[-1].hash) if events else Head(seq=0, hash="")

    def snapshot(self) -> AbstractContextManager[_Snapshot]:
        return nullcontext(_Snapshot(self._rows))

    def refold(self, reading: Reading[Any]) -> None:
        name = self._opened.known(reading.name)
        with self._lock:
            kept = {place: text for place, text in self._rows.held.items() if place[0] != name}
            states = States(self._opened, _Rows(kept, []))
            for event in self._rows.events:
                fact = self._opened.decoding.fact(event)
                if fact is not None:
                    states.fold(fact, event, {name})
            made = {place: text for place, text in states.changes.items() if text is not None}
            self._rows = _Rows(kept | made, self._rows.events)

    def close(self) -> None:
        """Nothing to let go of."""
