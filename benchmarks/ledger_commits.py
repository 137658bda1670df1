"""Ledger commits: eight writing processes on one SQLite file without a lock error, and one commit's cost.

The floor is bare `sqlite3` in the same run, committing the same bytes with the same guarantees (write-ahead
log, `synchronous=FULL`); for eight processes, bare `sqlite3` waiting as SQLite itself waits.
"""

from __future__ import annotations

import json
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from comporta.ledger import Ledger, open_ledger
from comporta.records import Artifact, Cost, Event, Lookup, Projection, Recipe, Step, facts

KEY = b"k" * 32
PROCESSES, SECONDS, ALONE = 8, 4.0, 400


def _step(fact: facts.StepAnswered, event: Event, lookup: Lookup[Step]) -> Iterator[tuple[str, Step]]:
    yield (
        fact.recipe,
        Step(recipe=fact.recipe, outputs=fact.outputs, cost=fact.cost, run=fact.run, at=event.at),
    )


STEPS: Projection[Step] = Projection("bench steps", Step, {facts.StepAnswered: _step})


def answered(name: str) -> facts.StepAnswered:
    """What the engine appends for one small step: about 700 bytes."""
    artifact = Artifact(digest="ab" * 32, size=1024, kind="json")
    question = Recipe(
        run="comporta.train.steps:score",
        uses={"compute": "project.py:hour"},
        code="cd" * 32,
        environment="ef" * 32,
        inputs={"table": artifact},
        params={"metrics": ["roc_auc", "log_loss"]},
        seed=0,
    )
    return facts.StepAnswered(
        run="r1", node="score late", recipe=name, question=question, outputs={"scores": artifact}, cost=Cost()
    )


def opened(root: Path) -> Ledger:
    return open_ledger("sqlite:///ledger.db", [STEPS], key=KEY, clock=lambda: datetime.now(UTC), root=root)


def bare(root: Path) -> sqlite3.Connection:
    """The floor: the same durability, nothing else."""
    connection = sqlite3.connect(root / "bare.db", isolation_level=None, timeout=60, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE IF NOT EXISTS t (seq INTEGER PRIMARY KEY, body BLOB, state TEXT)")
    return connection


def commit_bare(connection: sqlite3.Connection, body: bytes, state: str) -> None:
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("INSERT INTO t (body, state) VALUES (?, ?)", (body, state))
    connection.execute("COMMIT")


def _write(kind: str, root: str, writer: int, start: Any, results: Any) -> None:
    """One process: commits until time is up; says how many, the longest wait and the lock errors."""
    act: Callable[[str], object]
    if kind == "ledger":
        ledger = opened(Path(root))
        act = lambda name: ledger.transact(lambda turn: turn.append(answered(name)))  # noqa: E731
    else:
        connection, body = bare(Path(root)), b"x" * 700
        act = lambda name: commit_bare(connection, body, "y" * 250)  # noqa: E731
    start.wait()
    until, done, longest, errors = time.monotonic() + SECONDS, 0, 0.0, 0
    while time.monotonic() < until:
        began = time.perf_counter()
        try:
            act(f"{writer}-{done}")
            done += 1
        except Exception as error:  # whatever it is, it is what the promise counts
            errors += 1
            print(repr(error), file=sys.stderr)
        longest = max(longest, time.perf_counter() - began)
    results.put((done, longest, errors))


def together(kind: str, root: Path) -> dict[str, float]:
    context = get_context("spawn")
    start, results = context.Barrier(PROCESSES), context.Queue()
    writers = [
        context.Process(target=_write, args=(kind, str(root), each, start, results))
        for each in range(PROCESSES)
    ]
    for writer in writers:
        writer.start()
    found = [results.get() for _ in writers]
    for writer in writers:
        writer.join()
    return {
        "commits per second": round(sum(done for done, _, _ in found) / SECONDS),
        "fewest by one writer per second": round(min(done for done, _, _ in found) / SECONDS),
        "longest wait, ms": round(1000 * max(longest for _, longest, _ in found), 1),
        "errors": sum(errors for _, _, errors in found),
    }


def alone(root: Path) -> tuple[list[float], list[float]]:
    """Milliseconds of each commit by the ledger and by bare sqlite3, in turns."""
    ledger, connection = opened(root), bare(root)
    mine, floor = [], []
    for number in range(ALONE):
        fact = answered(f"{number}")
        began = time.perf_counter()
        event = ledger.transact(lambda turn, fact=fact: turn.append(fact))  # type: ignore[misc]
        mine.append(1000 * (time.perf_counter() - began))
        (_, step), *_ = ledger.scan(STEPS, f"{number}", limit=1)
        state = json.dumps({"recipe": step.recipe, "outputs": "ab" * 32, "run": step.run, "at": str(step.at)})
        began = time.perf_counter()
        commit_bare(connection, event.body, state)
        floor.append(1000 * (time.perf_counter() - began))
    ledger.close()
    connection.close()
    return mine[20:], floor[20:]


def said(promise: str, measured: float, limit: float | None, unit: str, holds: bool, detail: Any) -> None:
    print(
        json.dumps(
            {
                "promise": promise,
                "measured": measured,
                "limit": limit,
                "unit": unit,
                "holds": holds,
                "detail": detail,
            }
        ),
        flush=True,
    )


def main() -> None:
    # Not in /tmp, which may be memory, where a sync costs nothing.
    scratch = Path(__file__).parents[1] / "build"
    scratch.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        mine, floor = alone(Path(folder))
        many, peer = together("ledger", Path(folder)), together("bare", Path(folder))
    errors = int(many["errors"])
    said(
        "lock errors of 8 processes committing to one SQLite ledger",
        errors,
        0,
        "errors",
        errors == 0,
        {"ledger": many, "bare sqlite3, its own waiting": peer, "seconds": SECONDS},
    )
    # Differences of neighbours in time: a slow moment of the disk is everyone's.
    beyond = round(statistics.median(ours - theirs for ours, theirs in zip(mine, floor, strict=True)), 3)
    said(
        "a ledger commit with one event, one reading and a signed head, beyond a bare sqlite3 commit of it",
        beyond,
        1.0,
        "ms, median",
        beyond < 1.0,
        {"ledger, ms": spread(mine), "bare sqlite3, ms": spread(floor), "commits": len(mine)},
    )


def spread(took: list[float]) -> dict[str, float]:
    """Median and the slowest in a hundred."""
    return {
        "median": round(statistics.median(took), 3),
        "99 of 100": round(statistics.quantiles(took, n=100)[98], 3),
    }


if __name__ == "__main__":
    main()
