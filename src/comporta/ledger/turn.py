"""One writer's turn: what it appended and what that changed, until all of it is written or none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from comporta.ledger.chain import seal
from comporta.ledger.folding import Opened, Rows, States
from comporta.records.event import Event, Fact, Head, Reading
from comporta.records.record import encode

S = TypeVar("S")


class Turn:
    """A `Transaction` over stored rows. head: the last link before it."""

    def __init__(
        self, opened: Opened, rows: Rows, head: Head, key: bytes, clock: Callable[[], datetime]
    ) -> None:
        self._decoding = opened.decoding
        self._states = States(opened, rows)
        self._key = key
        self._clock = clock
        self.head = head
        self.events: list[Event] = []

    @property
    def changes(self) -> dict[tuple[str, str], str | None]:
        """(reading, key) → the new state as JSON text, or None to remove it."""
        return self._states.changes

    def get(self, reading: Reading[S], key: str) -> S | None:
        return self._states.get(reading, key)

    def scan(
        self, reading: Reading[S], prefix: str = "", *, newest: bool = False, limit: int | None = None
    ) -> list[tuple[str, S]]:
        return self._states.scan(reading, prefix, newest=newest, limit=limit)

    def append(self, fact: Fact) -> Event:
        event = seal(
            self._key,
            prev=self.head.hash,
            seq=self.head.seq + 1,
            at=self._clock(),
            kind=fact.kind,
            schema=fact.schema,
            body=encode(fact),
        )
        # Folded from the stored bytes, as it will be when history is folded again.
        stored = self._decoding.fact(event)
        if stored is not None:
            self._states.fold(stored, event)
        self.events.append(event)
        self.head = Head(seq=event.seq, hash=event.hash)
        return event
