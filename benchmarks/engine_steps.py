"""What the engine adds to a step: cached, in this process, in a worker; and 1,000 steps planned again.

A step's floor is what it must keep, kept by nothing else in the same run, as many chains side by side: bare
`sqlite3` commits its claim and its answer with the ledger's guarantees, and its artifact is a file that is
linked once it is on the medium. The figure is the median of ten turns' ratios, since what else the machine
and the disk do meets both. The others are the quickest of several turns, with their medians beside.
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from comporta.engine import PROJECTIONS, Engine
from comporta.ledger import open_ledger
from comporta.records import Node, Output, Plan
from comporta.store import Keys, derive, open_store
from ledger_commits import bare, commit_bare

PROJECT = """
LIMIT = [3]

def helper(x):
    return x + LIMIT[0] - 3

def start(context, *, n):
    return {"out": context.put_json(n)}

def add(context, *, x, n):
    return {"out": context.put_json(helper(context.get_json(x, int)) + n)}
"""


CLAIM, ANSWER, STATE = 250, 700, 250
"""Bytes of a step's two events, and of what a projection keeps of each."""


def now() -> datetime:
    return datetime.now(UTC)


def nodes(count: int, *, offset: int = 0) -> Plan:
    """Chains of ten: a plan with inputs that are known only once earlier nodes are answered."""
    made = []
    for i in range(count):
        if i % 10 == 0:
            made.append(Node(name=f"n{i}", run="project.py:start", params={"n": i + offset}))
        else:
            made.append(
                Node(
                    name=f"n{i}",
                    run="project.py:add",
                    inputs={"x": Output(node_name=f"n{i - 1}", name="out")},
                    params={"n": i + offset},
                )
            )
    return Plan(nodes=tuple(made))


def seconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def keep_bare(root: Path, names: list[str]) -> None:
    """What steps of these names keep, by nothing but SQLite and the file system: ten chains at a time, one of
    them in SQLite."""
    connection, alone = bare(root), Lock()
    kept = root / "bare"
    kept.mkdir(exist_ok=True)

    def commit(size: int) -> None:
        with alone:
            commit_bare(connection, b"x" * size, "y" * STATE)

    def chain(some: list[str]) -> None:
        for name in some:
            commit(CLAIM)
            put_bare(kept, name)
            commit(ANSWER)

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(chain, [names[place : place + 10] for place in range(0, len(names), 10)]))
    connection.close()


def put_bare(folder: Path, name: str) -> None:
    """A small file, linked once its bytes are on the medium."""
    draft = folder / f"{name}.draft"
    with draft.open("xb") as file:
        file.write(b"1")
        file.flush()
        os.fsync(file.fileno())
    (folder / name).hardlink_to(draft)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(descriptor)
    os.close(descriptor)
    draft.unlink()


def say(promise: str, measured: float, limit: float, unit: str, **detail: object) -> None:
    print(
        json.dumps(
            {
                "promise": promise,
                "measured": round(measured, 3),
                "limit": limit,
                "unit": unit,
                "holds": measured < limit,
                "detail": detail,
            }
        )
    )


def engine_in(root: Path, keys: Keys, executor: str = "local://?workers=1&threads=1") -> Engine:
    store = open_store("file://.comporta/store", root)
    ledger = open_ledger("sqlite:///.comporta/ledger.db", PROJECTIONS, key=keys.chain, clock=now, root=root)
    return Engine(store, keys, ledger, root, now, executor)


def main() -> None:
    # Not in /tmp, which may be memory, where a sync costs nothing.
    scratch = Path(__file__).parents[1] / "build"
    scratch.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        root = Path(folder)
        (root / "project.py").write_text(PROJECT)
        keys = derive(b"k" * 32)
        engine, inline = engine_in(root, keys), engine_in(root, keys, "inline://")
        inline.ask(nodes(300, offset=90_000_000))
        floors, inlines, cpu = [], [], []
        for turn in range(1, 11):
            names = [f"{turn}-{place}" for place in range(100)]
            floors.append(seconds(lambda names=names: keep_bare(root, names)))
            plan = nodes(100, offset=turn * 1_000_000)
            used = time.process_time()
            inlines.append(seconds(lambda plan=plan: inline.ask(plan)))
            cpu.append(time.process_time() - used)
        thousand = nodes(1000)
        first = seconds(lambda: inline.ask(thousand))
        again = [seconds(lambda: engine.ask(thousand)) for _ in range(5)]

        fresh = engine_in(root, keys)
        cold = seconds(lambda: fresh.ask(thousand))

        hundred = nodes(100)
        engine.ask(hundred)
        hits = [seconds(lambda: engine.ask(hundred)) * 10 for _ in range(10)]  # ms of one

        engine.ask(nodes(1, offset=1))
        warm = []
        for i in range(2, 32):
            plan = Plan(nodes=(Node(name="w", run="project.py:start", params={"n": -i}),))
            warm.append(seconds(lambda plan=plan: engine.ask(plan)) * 1e3)
        engine.close()
        fresh.close()

    # 100 steps to milliseconds of one.
    step, floor, used = (min(each) * 10 for each in (inlines, floors, cpu))
    median = round(statistics.median(hits), 3)
    say("a planned cached step", min(hits), 1.0, "ms", plan_of=100, runs=10, median=median)
    say(
        "a step in this process, beside bare sqlite3 and a file that keep its claim, answer and artifact",
        statistics.median(one / other for one, other in zip(inlines, floors, strict=True)),
        3.0,
        "times",
        plan_of=100,
        step_ms=round(step, 3),
        of_it_cpu_ms=round(used, 3),
        floor_ms=round(floor, 3),
        syncs="at least four: the claim, the artifact, its folder, the answer",
    )
    say(
        "a warm worker step",
        min(warm),
        30.0,
        "ms",
        median=round(statistics.median(warm), 1),
        worst=round(max(warm), 1),
        includes="the whole run: its beginning, claim, answer and end are four commits",
    )
    say(
        "1,000 unchanged steps planned again",
        min(again),
        1.0,
        "s",
        median=round(statistics.median(again), 3),
        cold_engine=round(cold, 3),
        first_time=round(first, 1),
    )


if __name__ == "__main__":
    main()
