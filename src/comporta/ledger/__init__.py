"""Facts in order, hash-chained, and the readings kept with them in the same transaction."""

from comporta.ledger.audit import verify
from comporta.ledger.faults import Audit, Fault
from comporta.ledger.memory import MemoryLedger
from comporta.ledger.opening import OpensLedger, open_ledger, written_with
from comporta.ledger.protocol import Ledger

__all__ = ["Audit", "Fault", "Ledger", "MemoryLedger", "OpensLedger", "open_ledger", "verify", "written_with"]
