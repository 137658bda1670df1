"""What happened, in order: events, the facts they carry, and the projections built from them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import msgspec

from comporta.records.lease import Lease
from comporta.records.record import Record

S = TypeVar("S")
F = TypeVar("F", bound="Fact")

DEFAULT_PROJECT = "default"
"""The project of what was written before a ledger could hold several."""


class Fact(Record, frozen=True, kw_only=True):
    """The body of an event. Each class names its `kind` and its schema version; both are stored."""

    kind: ClassVar[str]
    schema: ClassVar[int] = 1


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One link of a project's chain. seq: from 1, without gaps. body: the very bytes that were hashed.

    salt, leaf: `leaf` is SHA-256 over salt, header and body; hash: SHA-256 over `prev` and `leaf`; hex.
    An event of the keyed chain, with which older ledgers begin, has neither salt nor leaf; its hash is keyed
    BLAKE3. body, salt: None once they were removed; the leaf stays.
    """

    project: str = DEFAULT_PROJECT
    seq: int
    at: datetime
    kind: str
    schema: int
    body: bytes | None
    prev: str
    hash: str
    salt: bytes | None = None
    leaf: str = ""


class Head(Record, frozen=True, kw_only=True):
    """Where a chain ends. Kept elsewhere, it is what shows a truncated ledger."""

    seq: int
    hash: str


class SignedHead(Record, frozen=True, kw_only=True):
    """A head with its Ed25519 signature, as stored. key: the public key, 64 hex digits."""

    head: Head
    signature: bytes
    key: str


Lookup = Callable[[str], S | None]
Changes = Iterable[tuple[str, S | None]]


class Projection(Generic[S]):
    """A state kept with the events, in the same transaction: key → state.

    name: of the projection. state: the type of each value. apply: for each fact, a pure function
    `(fact, event, lookup) → changes`; `lookup(key)` is the state before, a change to None removes it.
    Keys sort as text; `scan` reads them by prefix.
    """

    __slots__ = ("apply", "name", "state")

    def __init__(
        self,
        name: str,
        state: type[S],
        apply: Mapping[type[Any], Callable[[Any, Event, Lookup[S]], Changes[S]]],
    ) -> None:
        self.name = name
        self.state = state
        self.apply = apply


class View(Protocol):
    """The projections as they stand."""

    def get(self, projection: Projection[S], key: str) -> S | None:
        """The state under this key, or None."""

    def scan(
        self, projection: Projection[S], prefix: str = "", *, newest: bool = False, limit: int | None = None
    ) -> list[tuple[str, S]]:
        """States whose key starts with `prefix`, in the order of their keys; `newest`: in reverse."""


class Transaction(View, Protocol):
    """A write transaction: reads projections and appends facts; all of them are kept, or none."""

    def append(self, fact: Fact) -> Event:
        """The event made of this fact; projections show it at once inside this transaction."""

    def now(self) -> datetime:
        """The time of this transaction: the database's, but never before the last event's."""

    def lease(self, name: str) -> Lease | None:
        """The lease of this name; None where nobody ever held it."""

    def put_lease(self, lease: Lease) -> None:
        """Keeps the lease with what this transaction appends. It is no fact: no event tells of it, no audit
        looks at it, and each renewal takes the place of the one before."""

    def remove_lease(self, name: str) -> None:
        """Nobody holds it any more, and nothing of it is kept: neither its token nor who held it. Where there
        is none nothing happens."""
