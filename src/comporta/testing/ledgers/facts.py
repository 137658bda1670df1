"""Facts and projections to try a ledger with, and the protocol of the fixture that opens one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Protocol

from comporta.ledger import Ledger
from comporta.records import Event, Fact, Lookup, Projection, Record

KEY = b"k" * 32


class AmountDeposited(Fact, frozen=True, kw_only=True):
    """amount: cents; negative for what was taken out."""

    kind: ClassVar[str] = "test.deposited"
    account: str
    amount: int


class AccountClosed(Fact, frozen=True, kw_only=True):
    kind: ClassVar[str] = "test.closed"
    account: str


class NoteWritten(Fact, frozen=True, kw_only=True):
    """A fact that no projection here applies."""

    kind: ClassVar[str] = "test.noted"
    text: str


class Balance(Record, frozen=True, kw_only=True):
    amount: int
    entries: int


def _apply_deposit(
    fact: AmountDeposited, event: Event, lookup: Lookup[Balance]
) -> Iterator[tuple[str, Balance]]:
    was = lookup(fact.account) or Balance(amount=0, entries=0)
    yield fact.account, Balance(amount=was.amount + fact.amount, entries=was.entries + 1)


def _apply_closing(fact: AccountClosed, event: Event, lookup: Lookup[Balance]) -> Iterator[tuple[str, None]]:
    yield fact.account, None


BALANCES: Projection[Balance] = Projection(
    "test balances", Balance, {AmountDeposited: _apply_deposit, AccountClosed: _apply_closing}
)
COUNTS: Projection[int] = Projection(
    "test counts", int, {AmountDeposited: lambda fact, event, lookup: [("all", (lookup("all") or 0) + 1)]}
)
TEST_FACTS: tuple[type[Fact], ...] = (AmountDeposited, AccountClosed, NoteWritten)


class Opens(Protocol):
    """Opens the same ledger each time it is called in one test, with the given arguments of `open_ledger`."""

    def __call__(self, projections: Sequence[Projection[Any]] = ..., **options: Any) -> Ledger: ...


def put(ledger: Ledger, *facts: Fact) -> list[Event]:
    """The events of these facts, appended in one transaction."""
    return ledger.transact(lambda turn: [turn.append(fact) for fact in facts])
