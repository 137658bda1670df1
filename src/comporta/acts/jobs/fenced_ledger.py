"""The ledger as an attempt of a job has it: it records only as long as no other attempt took its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from comporta import jobs
from comporta.ledger import Ledger, OpensLedger, open_ledger
from comporta.ledger.protocol import Compare, Sign, Snapshot, as_it_is, unconditionally
from comporta.records import Event, Head, Projection, Transaction, View
from comporta.records.facts import EventRemoved
from comporta.records.lease import Lease

S = TypeVar("S")
T = TypeVar("T")


def fenced_opener(job: str, token: int) -> OpensLedger:
    """What opens the ledger for the attempt with this token."""

    def opens(*args: Any, **given: Any) -> Ledger:
        return FencedLedger(open_ledger(*args, **given), job, token)

    return opens


class FencedLedger:
    """Every transaction begins with the question whether the attempt still is the one that runs. Each raises
    AttemptReplaced where it is not, so what it made stays in its own place and no fact tells of it."""

    def __init__(self, ledger: Ledger, job: str, token: int) -> None:
        self._ledger, self._job, self._token = ledger, job, token
        self.project = ledger.project

    def transact(self, act: Callable[[Transaction], T]) -> T:
        def fenced_act(tx: Transaction) -> T:
            jobs.require_holder(tx, self._job, self._token)
            return act(tx)

        return self._ledger.transact(fenced_act)

    def remove_body(
        self, seq: int, *, reason: str, by: str, compare: Compare = unconditionally, sign: Sign = as_it_is
    ) -> Event:
        def fenced_sign(view: View, fact: EventRemoved) -> EventRemoved:
            jobs.require_holder(view, self._job, self._token)
            return sign(view, fact)

        return self._ledger.remove_body(seq, reason=reason, by=by, compare=compare, sign=fenced_sign)

    def get(self, projection: Projection[S], key: str) -> S | None:
        return self._ledger.get(projection, key)

    def scan(
        self, projection: Projection[S], prefix: str = "", *, newest: bool = False, limit: int | None = None
    ) -> list[tuple[str, S]]:
        return self._ledger.scan(projection, prefix, newest=newest, limit=limit)

    def events(self, after: int = 0) -> Iterator[Event]:
        return self._ledger.events(after)

    def head(self) -> Head:
        return self._ledger.head()

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        return self._ledger.snapshot()

    def rebuild(self, projection: Projection[Any]) -> None:
        self._ledger.rebuild(projection)

    def lease(self, name: str) -> Lease | None:
        return self._ledger.lease(name)

    def leases(self) -> list[Lease]:
        return self._ledger.leases()

    def others(self, projection: Projection[S], key: str) -> list[tuple[str, S]]:
        return self._ledger.others(projection, key)

    def projects(self) -> list[str]:
        return self._ledger.projects()

    def close(self) -> None:
        self._ledger.close()
