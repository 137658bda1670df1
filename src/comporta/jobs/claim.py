"""Which job a worker begins: claimed, its part of the budget held and recorded, in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

import msgspec

from comporta.jobs.codes import LOST
from comporta.jobs.lease import LeaseWatch, take_lease
from comporta.jobs.settlement import AttemptEnd
from comporta.jobs.state import JOBS, RUNNING, SPENT, RunningJob, day_key
from comporta.jobs.waiting import WaitingJob, due
from comporta.records import Transaction
from comporta.records.job import Job
from comporta.records.job_facts import JobStarted
from comporta.records.lease import Lease

KILL_GRACE = 10.0
"""Seconds beyond its limit after which an attempt that its worker watches is dead."""


class ClaimRules(NamedTuple):
    """pools: how many jobs of each run at a time. cap: seconds that a day's attempts may take together, what
    runs counted whole; None: no limit. lease: seconds that a worker may be silent."""

    pools: Mapping[str, int] = {}
    cap: float | None = None
    lease: float = 8.0


JOB_LEASES = "job/"
"""How the names of leases begin that attempts of jobs hold."""


def lease_name(job: str) -> str:
    """What the lease of a job's attempt is called."""
    return f"{JOB_LEASES}{job}"


def claim(tx: Transaction, worker: str, rules: ClaimRules, elapsed: datetime | None = None) -> Job | None:
    """The job that this worker begins now; None where none may begin. Its token is the lease's. elapsed: the
    time by `ElapsedTime`, by which waits between attempts end too."""
    now = tx.now()
    running = [each for _, each in tx.scan(RUNNING)]
    if any(each.alone for each in running):
        return None
    chosen = _first(tx, due(tx, now, elapsed), running, rules)
    if chosen is None:
        return None
    name = lease_name(chosen.job)
    lease = take_lease(tx.lease(name), name=name, holder=worker, seconds=rules.lease, now=now, silent=True)
    known = tx.get(JOBS, chosen.job)
    assert lease is not None and known is not None, "what waits is a job that nobody holds"
    # Leases are no facts: where they were lost, tokens go on from those of the facts.
    lease = msgspec.structs.replace(lease, token=max(lease.token, known.token + 1))
    tx.put_lease(lease)
    tx.append(
        JobStarted(
            job=chosen.job,
            token=lease.token,
            worker=worker,
            hold=chosen.hold,
            pool=chosen.pool,
            alone=chosen.alone,
        )
    )
    return tx.get(JOBS, chosen.job)


def _first(
    tx: Transaction, waiting: Iterable[WaitingJob], running: list[RunningJob], rules: ClaimRules
) -> WaitingJob | None:
    pools = Counter(each.pool for each in running)
    today = _unspent_today(tx, rules)
    left = None if today is None else today - sum(each.hold for each in running)
    for each in waiting:
        if each.alone and running:
            if today is not None and each.hold > today:
                continue  # its turn does not come today, whatever ends: others need not wait for it
            # Nothing is begun before it, or its turn would never come.
            return None
        if each.pool and pools[each.pool] >= rules.pools.get(each.pool, 1):
            continue
        if left is not None and each.hold > left:
            continue
        return each
    return None


def _unspent_today(tx: Transaction, rules: ClaimRules) -> float | None:
    """Seconds of today's cap that are not spent; None: there is no cap."""
    if rules.cap is None:
        return None
    return rules.cap - (tx.get(SPENT, day_key(tx.now())) or 0.0)


def renew(tx: Transaction, job: str, token: int, worker: str, rules: ClaimRules) -> Job | None:
    """The job, its lease renewed; None where this worker holds it no more."""
    running, name = tx.get(RUNNING, job), lease_name(job)
    held = tx.lease(name)
    if running is None or running.token != token or held is None or held.token != token:
        return None
    lease = take_lease(held, name=name, holder=worker, seconds=rules.lease, now=tx.now())
    if lease is None:
        return None
    tx.put_lease(lease)
    return tx.get(JOBS, job)


def expired_attempts(
    running: Iterable[RunningJob], leases: Mapping[str, Lease], now: datetime, watch: LeaseWatch
) -> list[tuple[RunningJob, AttemptEnd]]:
    """The attempts whose worker is not heard of any more, with what is known of their end. They are counted
    as long as they may have run: until now, or until their worker's watch had ended them. leases: by name."""
    found = []
    watch.keep(leases)
    for each in running:
        lease = leases.get(lease_name(each.job))
        if lease is None or lease.until <= now or watch.is_silent(lease):
            ran = max(0.0, (now - each.since).total_seconds())
            found.append((each, AttemptEnd("lost", seconds=min(ran, each.hold + KILL_GRACE), reason=LOST())))
    return found


def remove_lease(tx: Transaction, job: str, token: int) -> None:
    """Removes the attempt's lease: the next one's token is counted on from those of the facts. Else one would
    be left of each job for ever."""
    held = tx.lease(lease_name(job))
    if held is not None and held.token == token:
        tx.remove_lease(lease_name(job))


def remove_left_leases(tx: Transaction, names: Iterable[str]) -> None:
    """Removes those of these leases, by name, that are of jobs without an attempt: an older Comporta kept
    one of each job."""
    for name in names:
        if name.startswith(JOB_LEASES) and tx.get(RUNNING, name.removeprefix(JOB_LEASES)) is None:
            tx.remove_lease(name)
