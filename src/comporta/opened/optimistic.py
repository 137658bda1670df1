"""Deciding outside a transaction what is appended in one: the chain's lock waits for no store."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from comporta.ledger import Ledger
from comporta.records import Fact, Transaction, View

S = TypeVar("S")
R = TypeVar("R")


def settle(ledger: Ledger, look: Callable[[View], S], decide: Callable[[S], tuple[Iterable[Fact], R]]) -> R:
    """What was decided on what the ledger says, its facts appended while it still says that; where it does
    not any more, decided again.

    look: what the decision rests on, comparable, and of the ledger alone. decide: the facts, and what is to
    be told of them; it may read and write the store. What it raises is raised, and nothing is appended.
    """
    while True:
        seen = look(ledger)
        facts, result = decide(seen)
        if ledger.transact(_append(look, seen, tuple(facts))):
            return result


def _append(look: Callable[[View], S], seen: S, facts: tuple[Fact, ...]) -> Callable[[Transaction], bool]:
    def commit(tx: Transaction) -> bool:
        if look(tx) != seen:
            return False
        for each in facts:
            tx.append(each)
        return True

    return commit
