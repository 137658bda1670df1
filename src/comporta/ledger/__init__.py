"""Facts in order, hash-chained, and the projections kept with them in the same transaction."""

from comporta.ledger.audit import verify
from comporta.ledger.faults import Audit, LedgerFault
from comporta.ledger.memory import MemoryLedger
from comporta.ledger.opening import OpensLedger, open_ledger, written_with
from comporta.ledger.protocol import Ledger

# Its name in extensions that were written for an older release.
Fault = LedgerFault

__all__ = [
    "Audit",
    "Ledger",
    "LedgerFault",
    "MemoryLedger",
    "OpensLedger",
    "open_ledger",
    "verify",
    "written_with",
]
