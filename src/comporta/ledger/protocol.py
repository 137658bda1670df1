"""What a ledger is: facts in order, and the readings kept with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

from comporta.records.event import Event, Head, Reading, Transaction, View

T = TypeVar("T")


class Ledger(View, Protocol):
    """Facts in order. Opened with every reading that must stay true: `open_ledger(url, readings, …)`."""

    def transact(self, act: Callable[[Transaction], T]) -> T:
        """What `act` returns, once all it appended is durable. When `act` raises, nothing is kept.

        Writers take turns; `act` may be called again after a conflict, so it must be free of effects
        elsewhere. Raises Busy, StorageFull."""

    def events(self, after: int = 0) -> Iterator[Event]:
        """Events with a larger `seq`, in order."""

    def head(self) -> Head:
        """The last link; seq 0 and an empty hash while there is none."""


__all__ = ["Event", "Head", "Ledger", "Reading", "Transaction", "View"]
