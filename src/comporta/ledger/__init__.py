"""Facts in order, hash-chained, and the readings kept with them in the same transaction."""

from comporta.ledger.protocol import Ledger

__all__ = ["Ledger"]
