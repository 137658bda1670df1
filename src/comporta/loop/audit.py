"""Whether the ledger is what was written: the chain, and every reading folded again."""

from __future__ import annotations

from comporta.ledger import Audit
from comporta.ledger import verify as verified
from comporta.loop.house import READINGS, House
from comporta.records import Head


def verify(house: House, head: Head | None = None) -> Audit:
    """What was found wrong, if anything. head: where the chain ended, as kept elsewhere."""
    return verified(house.ledger, READINGS, house.keys.chain, head)
