"""Facts and projections to try a ledger with, and the protocol of the fixture that opens one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Protocol

from comporta.ledger import Ledger
from comporta.records import Event, Fact, Lookup, Projection, Record

KEY = b"k" * 32


class Deposited(Fact, frozen=True, kw_only=True):
    """amount: cents; negative for what was taken out."""

    kind: ClassVar[str] = "test.deposited"
    account: str
    amount: int


class Closed(Fact, frozen=True, kw_only=True):
    kind: ClassVar[str] = "test.closed"
    account: str


class Noted(Fact, frozen=True, kw_only=True):
    """A fact that no projection here applies."""

    kind: ClassVar[str] = "test.noted"
    text: str


class Balance(Record, frozen=True, kw_only=True):
    amount: int
    entries: int


def _apply_deposit(fact: Deposited, event: Event, lookup: Lookup[Balance]) -> Iterator[tuple[str, Balance]]:
    was = lookup(fact.account) or Balance(amount=0, entries=0)
    yield fact.account, Balance(amount=was.amount + fact.amount, entries=was.entries + 1)


def _apply_closing(fact: Closed, event: Event, lookup: Lookup[Balance]) -> Iterator[tuple[str, None]]:
    yield fact.account, None


BALANCES: Projection[Balance] = Projection(
    "test balances", Balance, {Deposited: _apply_deposit, Closed: _apply_closing}
)
COUNTS: Projection[int] = Projection(
    "test counts", int, {Deposited: lambda fact, event, lookup: [("all", (lookup("all") or 0) + 1)]}
)
TEST_FACTS: tuple[type[Fact], ...] = (Deposited, Closed, Noted)


class Opens(Protocol):
    """Opens the same ledger each time it is called in one test, with the given arguments of `open_ledger`."""

    def __call__(self, projections: Sequence[Projection[Any]] = ..., **options: Any) -> Ledger: ...


def put(ledger: Ledger, *facts: Fact) -> list[Event]:
    """The events of these facts, appended in one transaction."""
    return ledger.transact(lambda turn: [turn.append(fact) for fact in facts])
