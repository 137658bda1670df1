"""What the engine adds to a step: cached, in this process, in a worker; and 1,000 steps planned again."""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from comporta.engine import PROJECTIONS, Engine
from comporta.ledger import open_ledger
from comporta.records import Node, Output, Plan
from comporta.store import Keys, derive, open_store

PROJECT = """
LIMIT = [3]

def helper(x):
    return x + LIMIT[0] - 3

def start(context, *, n):
    return {"out": context.put_json(n)}

def add(context, *, x, n):
    return {"out": context.put_json(helper(context.get_json(x, int)) + n)}
"""


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


def sync_floor(folder: Path) -> float:
    """Milliseconds this disk takes to keep 4 KiB: no ledger commit can be quicker."""
    took = []
    with (folder / "floor").open("wb") as file:
        for _ in range(50):
            began = time.perf_counter()
            file.write(b"x" * 4096)
            file.flush()
            os.fsync(file.fileno())
            took.append((time.perf_counter() - began) * 1e3)
    return statistics.median(took)


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
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "project.py").write_text(PROJECT)
        keys = derive(b"k" * 32)
        engine, inline = engine_in(root, keys), engine_in(root, keys, "inline://")
        inline.ask(nodes(300, offset=10_000_000))
        floors, inlines = [], []
        for turn in range(1, 6):
            floors.append(sync_floor(root))
            plan = nodes(100, offset=turn * 1_000_000)
            inlines.append(seconds(lambda plan=plan: inline.ask(plan)) / 100 * 1e3)
        thousand = nodes(1000)
        first = seconds(lambda: inline.ask(thousand))
        again = statistics.median(seconds(lambda: engine.ask(thousand)) for _ in range(5))

        fresh = engine_in(root, keys)
        cold = seconds(lambda: fresh.ask(thousand))

        hundred = nodes(100)
        engine.ask(hundred)
        one_hit = statistics.median(seconds(lambda: engine.ask(hundred)) for _ in range(10)) / 100 * 1e3

        engine.ask(nodes(1, offset=1))
        warm = []
        for i in range(2, 32):
            plan = Plan(nodes=(Node(name="w", run="project.py:start", params={"n": -i}),))
            warm.append(seconds(lambda plan=plan: engine.ask(plan)) * 1e3)
        engine.close()
        fresh.close()

    floor = round(statistics.median(floors), 3)
    say("a planned cached step", one_hit, 1.0, "ms", plan_of=100, runs=10)
    say(
        "a step in this process with its claim and its answer",
        statistics.median(inlines),
        3.0,
        "ms",
        plan_of=100,
        fsync_floor_ms=floor,
        syncs="at least four: the claim, the artifact, its folder, the answer",
    )
    say(
        "a warm worker step",
        statistics.median(warm),
        30.0,
        "ms",
        worst=round(max(warm), 1),
        includes="the whole run: its beginning, claim, answer and end are four commits",
        fsync_floor_ms=floor,
    )
    say(
        "1,000 unchanged steps planned again",
        again,
        1.0,
        "s",
        cold_engine=round(cold, 3),
        first_time=round(first, 1),
    )


if __name__ == "__main__":
    main()
