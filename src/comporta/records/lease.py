"""A lease: what one alone may do at a time, and until when it is one's own."""

from __future__ import annotations

from datetime import datetime

from comporta.records.record import Record


class Lease(Record, frozen=True, kw_only=True):
    """name: of what is held. holder: the id of who holds it; empty once it was let go. token: rises each time
    that another takes it, and is never given twice: what is done under an older one is refused.

    beat: rises with each renewal; who waits sees by it that the holder lives, whatever the clocks say.
    seconds: how long it lasts unless renewed. until: when that is, by the ledger's time.
    """

    name: str
    holder: str
    token: int
    beat: int
    seconds: float
    until: datetime
