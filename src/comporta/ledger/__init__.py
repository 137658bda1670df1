"""Facts in order, hash-chained, and the projections kept with them in the same transaction."""

from comporta.ledger.audit import verify
from comporta.ledger.faults import Audit, LedgerFault
from comporta.ledger.memory import MemoryLedger
from comporta.ledger.opening import open_ledger, written_with
from comporta.ledger.protocol import Ledger

__all__ = ["Audit", "Ledger", "LedgerFault", "MemoryLedger", "open_ledger", "verify", "written_with"]
