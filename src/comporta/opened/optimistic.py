"""Optimistic concurrency: decide outside a transaction, append inside one if nothing changed meanwhile.

So no transaction waits for the store."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from comporta.ledger import Ledger
from comporta.records import Fact, Transaction, View

S = TypeVar("S")
R = TypeVar("R")


Admit = Callable[[Transaction, Fact], None]


def _anything(tx: Transaction, fact: Fact) -> None:
    """Refuses nothing."""


def settle(
    ledger: Ledger,
    look: Callable[[View], S],
    decide: Callable[[S], tuple[Iterable[Fact], R]],
    admit: Admit = _anything,
) -> R:
    """The result of `decide`, once its facts are appended; it is called again if the ledger changed.

    look: reads from the ledger what the decision depends on; its values are compared. decide: returns the
    facts and the result; it may read and write the store. admit: refuses a fact inside the transaction, such
    as one whose proof does not hold. When one of them raises, nothing is appended.
    """
    while True:
        seen = look(ledger)
        facts, result = decide(seen)
        if ledger.transact(_append(look, seen, tuple(facts), admit)):
            return result


def _append(
    look: Callable[[View], S], seen: S, facts: tuple[Fact, ...], admit: Admit
) -> Callable[[Transaction], bool]:
    def commit(tx: Transaction) -> bool:
        if look(tx) != seen:
            return False
        for each in facts:
            admit(tx, each)
            tx.append(each)
        return True

    return commit
