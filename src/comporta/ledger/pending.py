"""One write transaction: what it appended and what that changed, until all of it is written or none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from comporta.ledger.chain import seal
from comporta.ledger.projections import ProjectionSet, States, StoredRows
from comporta.ledger.signing import Signer
from comporta.records.event import Event, Fact, Head, Projection, SignedHead
from comporta.records.facts import ChainContinued
from comporta.records.lease import Lease
from comporta.records.record import Record, decode, encode

S = TypeVar("S")


class ChainTip(Record, frozen=True, kw_only=True):
    """The end of a chain before a transaction. at: time of its last event. keyed: that event is of the
    keyed chain."""

    head: Head = Head(seq=0, hash="")
    at: datetime | None = None
    keyed: bool = False


class PendingTransaction:
    """A `Transaction` over stored rows. require: raises where nothing may be appended; asked once."""

    def __init__(
        self,
        projections: ProjectionSet,
        rows: StoredRows,
        tip: ChainTip,
        project: str,
        signer: Signer,
        clock: Callable[[], datetime],
        require: Callable[[], None],
    ) -> None:
        self._decoding = projections.decoding
        self._states = States(projections, rows)
        self._rows = rows
        self._project = project
        self._signer = signer
        self._clock = clock
        self._tip = tip
        self._require = require
        self.events: list[Event] = []
        self.leases: dict[str, Lease | None] = {}
        """Name → as it is kept; None: it is removed."""

    @property
    def head(self) -> Head:
        return self._tip.head

    @property
    def changes(self) -> dict[tuple[str, str], str | None]:
        """(projection, key) → the new state as JSON text, or None to remove it."""
        return self._states.changes

    def sign_head(self) -> SignedHead:
        """The head as it is now, signed."""
        signature = self._signer.sign(self._project, self.head)
        return SignedHead(head=self.head, signature=signature, key=self._signer.public)

    def get(self, projection: Projection[S], key: str) -> S | None:
        return self._states.get(projection, key)

    def scan(
        self, projection: Projection[S], prefix: str = "", *, newest: bool = False, limit: int | None = None
    ) -> list[tuple[str, S]]:
        return self._states.scan(projection, prefix, newest=newest, limit=limit)

    def now(self) -> datetime:
        # A clock that was set back must not make history run backwards.
        at, last = self._clock(), self._tip.at
        return last if last is not None and at.tzinfo is not None and at < last else at

    def lease(self, name: str) -> Lease | None:
        if name in self.leases:
            return self.leases[name]
        text = self._rows.lease(name)
        return None if text is None else decode(text, Lease)

    def put_lease(self, lease: Lease) -> None:
        self.leases[lease.name] = lease

    def remove_lease(self, name: str) -> None:
        self.leases[name] = None

    def append(self, fact: Fact) -> Event:
        if not self.events:
            self._require()
        if self._tip.keyed:
            # The keyed chain ends here: its head is what the new one begins with.
            self._append(ChainContinued(keyed=self.head, public=self._signer.public))
        return self._append(fact)

    def _append(self, fact: Fact) -> Event:
        before, at = self._tip, self.now()
        event = seal(
            project=self._project,
            prev=before.head.hash,
            seq=before.head.seq + 1,
            at=at,
            kind=fact.kind,
            schema=fact.schema,
            body=encode(fact),
        )
        # Applied from the stored bytes, as when a projection is rebuilt.
        stored = self._decoding.fact(event)
        if stored is not None:
            self._states.apply(stored, event)
        self.events.append(event)
        self._tip = ChainTip(head=Head(seq=event.seq, hash=event.hash), at=event.at)
        return event
