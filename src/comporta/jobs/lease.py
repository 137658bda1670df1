"""Who does alone what only one may do at a time: a job's attempt, or leading a kind of work.

A lease ends by the ledger's time, and also where whoever waits has seen no renewal for its whole length by a
clock of their own that nobody can set. Either may be wrong: a holder that was only slow may still act. So
each take-over has a higher token, and what is done under an older one is refused where it is recorded.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import msgspec

from comporta.ledger import Ledger
from comporta.records import Transaction
from comporta.records.lease import Lease


def take_lease(
    held: Lease | None, *, name: str, holder: str, seconds: float, now: datetime, silent: bool = False
) -> Lease | None:
    """The lease as `holder` has it from now on: renewed where it is theirs, taken over where it is free, has
    ended, or its holder is silent; None where another holds it. seconds: its length."""
    until = now + timedelta(seconds=seconds)
    if held is None:
        return Lease(name=name, holder=holder, token=1, beat=0, seconds=seconds, until=until)
    if held.holder == holder:
        return msgspec.structs.replace(held, beat=held.beat + 1, seconds=seconds, until=until)
    if held.holder and held.until > now and not silent:
        return None
    return Lease(
        name=name, holder=holder, token=held.token + 1, beat=held.beat + 1, seconds=seconds, until=until
    )


class LeaseWatch:
    """What one process has seen of leases, by a clock that only goes forward. monotonic: seconds."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._seen: dict[str, tuple[int, int, float]] = {}

    def is_silent(self, lease: Lease) -> bool:
        """Notes the lease as it is, and tells whether no renewal was seen for its whole length."""
        now = self._monotonic()
        token, beat, since = self._seen.get(lease.name, (0, -1, now))
        if (token, beat) != (lease.token, lease.beat):
            self._seen[lease.name] = (lease.token, lease.beat, now)
            return False
        return now - since >= lease.seconds

    def keep(self, names: Iterable[str]) -> None:
        """Notes no longer what it saw of other leases than these: those of jobs that ended are many."""
        self._seen = {name: self._seen[name] for name in names if name in self._seen}


class ElapsedTime:
    """The ledger's time as one process has seen it, which goes on by a clock that nobody can set: a wait of
    so many seconds ends after these, also where the clock was set back meanwhile."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._seen: tuple[datetime, float] | None = None

    def at(self, now: datetime) -> datetime:
        """The larger of `now`, the ledger's, and of what it was when asked last with what passed since."""
        moment = self._monotonic()
        if self._seen is not None:
            now = max(now, self._seen[0] + timedelta(seconds=moment - self._seen[1]))
        self._seen = (now, moment)
        return now


def hold(ledger: Ledger, name: str, holder: str, seconds: float, watch: LeaseWatch) -> Lease | None:
    """The lease, taken or renewed in one transaction; None while another holds it. Asked again at least every
    third of its length it stays one's own; lost, it comes back with a higher token or not at all."""

    def act(tx: Transaction) -> Lease | None:
        held = tx.lease(name)
        silent = held is not None and held.holder not in ("", holder) and watch.is_silent(held)
        lease = take_lease(held, name=name, holder=holder, seconds=seconds, now=tx.now(), silent=silent)
        if lease is not None:
            tx.put_lease(lease)
        return lease

    return ledger.transact(act)


def let_go(tx: Transaction, name: str, token: int) -> None:
    """Ends the lease under this token at once; another's is left alone."""
    held = tx.lease(name)
    if held is not None and held.token == token and held.holder:
        tx.put_lease(msgspec.structs.replace(held, holder="", beat=held.beat + 1))
