"""The protocol of a ledger: facts in order, and the projections updated with them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, Protocol, TypeVar

from comporta.records.event import Event, Head, Projection, Transaction, View
from comporta.records.facts import EventRemoved
from comporta.records.lease import Lease

S = TypeVar("S")
T = TypeVar("T")

Compare = Callable[[Event, View], Callable[[View], None]]
"""Called with an event and the states as they are; returns what is called with the states as they are without
it, and raises Refused where they must not be so."""

Sign = Callable[[View, EventRemoved], EventRemoved]
"""Called with the fact of a removal and the states as they are, in the transaction that records it; returns
the fact as it is recorded, and raises Forbidden or Refused where it must not be."""

PATIENCE_SECONDS = 60.0
"""How long a writer waits for its turn before it gives up."""


class EventRow(NamedTuple):
    """An event as it is stored; nothing in it is trusted yet, not even its types.

    at: microseconds since 1970. leaf: None: it is of the keyed chain.
    """

    seq: Any
    at: Any
    kind: Any
    schema: Any
    salt: Any
    body: Any
    leaf: Any
    prev: Any
    hash: Any


class HeadRow(NamedTuple):
    """A signed head as it is stored; nothing in it is trusted yet. link: of the event that it signs.
    key: public."""

    seq: Any
    link: Any
    signature: Any
    key: Any


def unconditionally(event: Event, before: View) -> Callable[[View], None]:
    """Compares nothing."""
    return lambda after: None


def as_it_is(view: View, fact: EventRemoved) -> EventRemoved:
    """As it is: by a name that was claimed."""
    return fact


class Snapshot(Protocol):
    """One project's chain at one moment, as stored: what an audit reads. Nothing in it is trusted yet."""

    def rows(self) -> Iterator[EventRow]:
        """Every event, in order of seq."""

    def heads(self) -> Iterator[HeadRow]:
        """Every signed head, in order of seq."""

    def states(self, projection: str) -> Iterable[tuple[str, str]]:
        """Key and stored JSON of a projection, in order of key."""

    def upto(self, projection: str) -> int | None:
        """The last event that a projection has applied, where a later writer did not know it; None: all."""

    def missing_guards(self) -> list[str]:
        """The database's own guards against changed events that are gone or altered."""

    def foreign_triggers(self) -> list[str]:
        """What the database does by itself at changes of the ledger's tables, and no ledger asked it to."""


class Ledger(View, Protocol):
    """One project's facts in order. Opened with every projection that must stay true: see `open_ledger`."""

    project: str

    def transact(self, act: Callable[[Transaction], T]) -> T:
        """What `act` returns, once all it appended is durable. When `act` raises, nothing is kept.

        Writers take turns; `act` may be called again after a conflict, so it must be free of effects
        elsewhere. Raises Busy, StorageFull."""

    def events(self, after: int = 0) -> Iterator[Event]:
        """Events with a larger `seq`, in order."""

    def head(self) -> Head:
        """The last link; seq 0 and an empty hash while there is none."""

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """Everything as stored at this moment; writers go on meanwhile."""

    def rebuild(self, projection: Projection[Any]) -> None:
        """Builds the projection again from the events alone."""

    def remove_body(
        self, seq: int, *, reason: str, by: str, compare: Compare = unconditionally, sign: Sign = as_it_is
    ) -> Event:
        """The fact that says so, once an event's body is deleted and every projection is rebuilt without it.

        compare: refuses what the states may not become; in the same transaction. The chain goes on to verify,
        by the leaf that stays. Raises Refused where it cannot be done: an event of the keyed chain, one that
        the chain itself or what follows it stands on, or that can hold no personal value; NotFound."""

    def lease(self, name: str) -> Lease | None:
        """The lease of this name as it stands; None where nobody ever held it."""

    def leases(self) -> list[Lease]:
        """Every lease as it stands, in order of name: those that ended too, unless they were removed."""

    def others(self, projection: Projection[S], key: str) -> list[tuple[str, S]]:
        """What this ledger's other projects say under this key: (project, state), in order of project."""

    def projects(self) -> list[str]:
        """The projects that this ledger holds, in order."""

    def close(self) -> None:
        """Lets go of files and connections."""


__all__ = [
    "Event",
    "EventRow",
    "Head",
    "HeadRow",
    "Ledger",
    "Projection",
    "Snapshot",
    "Transaction",
    "View",
]
