"""What every ledger must do, as tests: subclass `LedgerContract`, and `DurableLedgerContract` too where
a ledger outlives the process. `Deposited`, `Closed` and `BALANCES` are facts and a projection to try it with.
"""

from comporta.testing.ledgers.contract import LedgerContract
from comporta.testing.ledgers.durable import DurableLedgerContract
from comporta.testing.ledgers.facts import (
    BALANCES,
    COUNTS,
    KEY,
    TEST_FACTS,
    AccountClosed,
    AmountDeposited,
    Balance,
    NoteWritten,
    Opens,
    put,
)

__all__ = [
    "BALANCES",
    "COUNTS",
    "KEY",
    "TEST_FACTS",
    "AccountClosed",
    "AmountDeposited",
    "Balance",
    "DurableLedgerContract",
    "LedgerContract",
    "NoteWritten",
    "Opens",
    "put",
]
