"""A ledger that counts its transactions, around one of Comporta's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from comporta.ledger import Ledger, open_ledger


class Counting:
    """The ledger within, and how often it was written to."""

    def __init__(self, within: Ledger) -> None:
        self._within, self.project, self.transactions = within, within.project, 0

    def transact(self, act: Any) -> Any:
        self.transactions += 1
        return self._within.transact(act)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._within, name)


def opened(url: str, projections: Any, /, *, root: Path, **options: Any) -> Counting:
    """The ledger at `counting:///PATH`: an SQLite file."""
    path = url.partition("://")[2]
    return Counting(open_ledger(f"sqlite://{path}", projections, root=root, **options))
