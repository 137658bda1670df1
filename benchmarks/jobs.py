"""Jobs: what asking for one, claiming and ending it cost, eight workers on one SQLite file, and a take-over.

The floor is three bare `sqlite3` commits in the same run, of the same bytes, with the same guarantees (see
`ledger_commits.py`); for eight workers, their bare commits, waiting as SQLite itself waits. What the disk and
other work cost is in both; the promise is of what is beyond the floor.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from comporta import jobs
from comporta.jobs import AttemptEnd, ClaimRules, LeaseWatch
from comporta.ledger import Ledger, open_ledger
from comporta.opened.project import PROJECTIONS
from comporta.records import Transaction
from comporta.records.job import Job, JobRequest
from ledger_commits import bare, commit_bare, said, spread

KEY = b"k" * 32
PROCESSES, SECONDS, ALONE = 8, 4.0, 300
RULES = ClaimRules()


def opened(root: Path) -> Ledger:
    """A ledger with every projection that a project's has."""
    return open_ledger("sqlite:///jobs.db", PROJECTIONS, key=KEY, clock=lambda: datetime.now(UTC), root=root)


def ask(tx: Transaction) -> None:
    found = jobs.enqueue(tx, JobRequest(act="run"), "p-1")
    assert not isinstance(found, Job)
    tx.append(found)


def carry_out(ledger: Ledger, worker: str) -> bool:
    """Asks for a job; claims and ends one, that or another's."""
    ledger.transact(ask)
    job = ledger.transact(lambda tx: jobs.claim(tx, worker, RULES))
    if job is None:
        return False
    end = AttemptEnd("done", seconds=0.1)
    return ledger.transact(lambda tx: jobs.settle(tx, job.id, job.token, end)) is not None


def alone(root: Path) -> dict[str, tuple[list[float], list[float]]]:
    """Milliseconds of each job by the clock and of the processor, and of three bare commits, in turns."""
    ledger, connection = opened(root), bare(root)
    found: dict[str, tuple[list[float], list[float]]] = {"job": ([], []), "floor": ([], [])}
    bodies = ["x" * 400, "y" * 1500]

    def floor() -> None:
        for _ in range(3):
            commit_bare(connection, bodies[0].encode(), bodies[1])

    acts: dict[str, Callable[[], object]] = {"job": lambda: carry_out(ledger, "w"), "floor": floor}
    for _ in range(ALONE):
        for name, act in acts.items():
            began, used = time.perf_counter(), time.process_time()
            act()
            found[name][0].append(1000 * (time.perf_counter() - began))
            found[name][1].append(1000 * (time.process_time() - used))
    ledger.close()
    connection.close()
    return {name: (wall[20:], used[20:]) for name, (wall, used) in found.items()}


def _work(kind: str, root: str, number: int, start: Any, results: Any) -> None:
    """One worker: carries out jobs until time is up; says how many and its errors."""
    act: Callable[[], object]
    if kind == "jobs":
        ledger = opened(Path(root))
        act = lambda: carry_out(ledger, f"w-{number}")  # noqa: E731
    else:
        connection = bare(Path(root))
        act = lambda: [commit_bare(connection, b"x" * 400, "y" * 1500) for _ in range(3)]  # noqa: E731
    start.wait()
    until, done, errors, used = time.monotonic() + SECONDS, 0, 0, time.process_time()
    while time.monotonic() < until:
        try:
            done += act() is not False
        except Exception as error:  # whatever it is, it is what the promise counts
            errors += 1
            print(repr(error), file=sys.stderr)
    results.put((done, errors, time.process_time() - used))


def together(kind: str, root: Path) -> dict[str, float]:
    context = get_context("spawn")
    start, results = context.Barrier(PROCESSES), context.Queue()
    workers = [
        context.Process(target=_work, args=(kind, str(root), each, start, results))
        for each in range(PROCESSES)
    ]
    for worker in workers:
        worker.start()
    found = [results.get() for _ in workers]
    for worker in workers:
        worker.join()
    done = sum(each for each, _, _ in found)
    return {
        "jobs per second": round(done / SECONDS, 1),
        "fewest by one worker per second": round(min(each for each, _, _ in found) / SECONDS, 1),
        "errors": sum(each for _, each, _ in found),
        "CPU ms a job": round(1000 * sum(each for _, _, each in found) / max(done, 1), 2),
    }


def take_over(root: Path) -> float:
    """Seconds from a worker's last word until another goes on with its job; the worker renewed once,
    and looks are half a second apart, as a worker's are."""
    ledger = opened(root)
    ledger.transact(ask)
    job = ledger.transact(lambda tx: jobs.claim(tx, "gone", RULES))
    assert job is not None
    ledger.transact(lambda tx: jobs.renew(tx, job.id, job.token, "gone", RULES))
    began, watch = time.monotonic(), LeaseWatch()

    def look(tx: Transaction) -> Job | None:
        running = [each for _, each in tx.scan(jobs.RUNNING)]
        leases = {each.name: each for each in (tx.lease(jobs.lease_name(job.id)),) if each}
        for each, end in jobs.expired_attempts(running, leases, tx.now(), watch):
            jobs.settle(tx, each.job, each.token, end)
        return jobs.claim(tx, "next", RULES)

    while ledger.transact(look) is None:
        time.sleep(0.5)
    ledger.close()
    return time.monotonic() - began


def main() -> None:
    # Not in /tmp, which may be memory, where a sync costs nothing.
    scratch = Path(__file__).parents[1] / "build"
    scratch.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        root = Path(folder)
        took = alone(root)
        many, peer = together("jobs", root), together("bare", root)
        (root / "other").mkdir()
        seconds = take_over(root / "other")
    # Differences of neighbours in time: a slow moment of the disk is everyone's.
    beyond = [ours - theirs for ours, theirs in zip(took["job"][0], took["floor"][0], strict=True)]
    median = round(statistics.median(beyond), 3)
    said(
        "asking for a job, claiming and ending it, beyond three bare sqlite3 commits",
        median,
        3.0,
        "ms, median",
        median < 3.0,
        {
            "job, ms": spread(took["job"][0]),
            "three bare commits, ms": spread(took["floor"][0]),
            "job, CPU ms": spread(took["job"][1]),
            "three bare commits, CPU ms": spread(took["floor"][1]),
            "jobs": ALONE,
        },
    )
    # Of a disk or a machine that other work holds back, the same is asked as a share of what bare commits do.
    limit = min(150.0, peer["jobs per second"] / 2)
    said(
        "jobs a second that 8 workers ask for, claim and end on one SQLite ledger, without a lock error",
        many["jobs per second"],
        limit,
        "jobs a second, at least",
        many["jobs per second"] >= limit and many["errors"] == 0,
        {"jobs": many, "bare sqlite3, three commits": peer, "seconds": SECONDS},
    )
    said(
        "a killed worker's job goes on with another",
        round(seconds, 2),
        10.0,
        "seconds",
        seconds < 10.0,
        {"lease, s": RULES.lease},
    )


if __name__ == "__main__":
    main()
