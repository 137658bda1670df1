"""For tests, yours as well as ours: what every implementation must do, and fakes. Needs pytest."""

from comporta.testing.clock import Clock
from comporta.testing.executors import ExecutorContract
from comporta.testing.ledgers import DurableLedgerContract, LedgerContract
from comporta.testing.postgres import running_postgres
from comporta.testing.stores import StoreContract

__all__ = [
    "Clock",
    "DurableLedgerContract",
    "ExecutorContract",
    "LedgerContract",
    "StoreContract",
    "running_postgres",
]
