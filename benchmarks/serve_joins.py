"""Promises: with two joined tables of 1,000,000 rows each further worker takes < 120 MB, at half the speed.

A server of one model whose features are the newest order of a customer and a window over the visits, from
two tables of a million rows, and one of the same model without joins. Proportional memory (`Pss`: what
several processes map is shared out among them) of two and of four workers that have answered for every
customer; a request's rate with joins beside that without, in turns; the seconds from a run that adds rows to
an answer that has them, and the slowest answer meanwhile.

    python benchmarks/serve_joins.py
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

HERE = Path(__file__).resolve()
sys.path.insert(0, str(HERE.parent))
COMPORTA = str(Path(sys.executable).parent / "comporta")
ROWS, CUSTOMERS, FEW, MANY = 1_000_000, 100_000, 2, 4
FIRST_LIMIT, FURTHER_LIMIT, SHARE = 250.0, 120.0, 0.5
START = datetime(2026, 1, 1, tzinfo=UTC)
PROJECT = """
from sklearn.linear_model import LogisticRegression
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline

from comporta import AsOf, Dataset, Features, Model, Project, Window, at_random

orders = Dataset("orders", "orders.parquet", key="order", time="paid", delay="0s")
visits = Dataset("visits", "visits.parquet", key="visit", time="came", delay="0s")
asked = Dataset("asked", "asked.parquet", key="id", time="at")


def fit(X, y):
    return make_pipeline(SimpleImputer(), LogisticRegression()).fit(X, y)


def model(name, joins, use):
    known = ("customer", "at", "age")
    features = Features(name, of=asked, known=known, joins=joins, use=use)
    return Model(name, features=features, target="buys", fit=fit, split=at_random(0.25), gates=())


newest = AsOf(orders, on="customer", columns={"amount": "last_amount"})
week = Window(visits, on="customer", over="7d", of={"n": ("count", "visit"), "pages": ("sum", "pages")})
project = Project(
    "shop",
    models=(
        model("joined", (newest, week), ("age", "last_amount", "n", "pages")),
        model("alone", (), ("age",)),
    ),
)
"""


def table(name: str, time_name: str, value: str, rows: int, more: int = 0) -> pl.DataFrame:
    rng = np.random.default_rng(rows)
    seconds = np.sort(rng.integers(0, 30 * 86_400, rows))
    if more:
        seconds = np.append(seconds, 30 * 86_400 + np.arange(more))
    return pl.DataFrame(
        {
            name: np.arange(rows + more),
            "customer": np.append(rng.integers(0, CUSTOMERS, rows), np.arange(more)),
            time_name: pl.Series(seconds * 10**6).cast(pl.Duration("us")) + START,
            value: np.append(rng.random(rows) * 100, np.full(more, -7.0)),
        }
    )


def lay(folder: Path) -> None:
    run(folder.parent, "init", folder.name)
    (folder / "project.py").write_text(PROJECT)
    table("order", "paid", "amount", ROWS).write_parquet(folder / "orders.parquet")
    table("visit", "came", "pages", ROWS).write_parquet(folder / "visits.parquet")
    rng = np.random.default_rng(1)
    asked = pl.DataFrame(
        {
            "id": np.arange(2_000),
            "customer": rng.integers(0, CUSTOMERS, 2_000),
            "at": [START + timedelta(days=20, seconds=number) for number in range(2_000)],
            "age": rng.random(2_000),
            "buys": rng.random(2_000) < 0.5,
        }
    )
    asked.write_parquet(folder / "asked.parquet")


def run(folder: Path, *words: str) -> None:
    subprocess.run([COMPORTA, *words], cwd=folder, check=True, capture_output=True)


def record(customer: int) -> dict[str, Any]:
    at = (START + timedelta(days=31)).isoformat()
    return {"customer": customer, "at": at, "age": 0.5}


class Server:
    """`comporta serve` of one model, with so many workers."""

    def __init__(self, folder: Path, workers: int) -> None:
        import psutil

        from serve_rows import free_port, wait_for_workers

        self.port = free_port()
        command = [COMPORTA, "serve", "--workers", str(workers), "--port", str(self.port)]
        self._process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
        wait_for_workers(self.port, workers, 180.0)
        self._first = psutil.Process(self._process.pid)
        time.sleep(4.0)  # until each has loaded its model

    def load(self, model: str, seconds: float, connections: int = 1) -> Any:
        """What one round of single rows gave, of four thousand customers in turn."""
        from _serve_load import load, post

        customers = np.random.default_rng(3).integers(0, CUSTOMERS, 4_000).tolist()
        bodies = [json.dumps({"dataframe_records": [record(each)]}).encode() for each in customers]
        asked = [post(f"/models/{model}/invocations", each) for each in bodies]
        found = load(self.port, asked, connections=connections, seconds=seconds)
        assert not found.failed
        return found

    def memory(self) -> list[float]:
        from serve_workers import pss

        return [pss(each.pid) for each in (self._first, *self._first.children())]

    def end(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(60)


def memory(folder: Path, workers: int) -> list[float]:
    """Proportional MB of the supervisor and of each worker, once all have answered for many customers."""
    server = Server(folder, workers)
    try:
        server.load("joined", 6.0, connections=4 * workers)
        time.sleep(1.0)
        return server.memory()
    finally:
        server.end()


def speed(folder: Path) -> tuple[float, float]:
    """Requests a second with joins and without, the best of turns."""
    server = Server(folder, 1)
    try:
        rates: dict[str, list[float]] = {"joined": [], "alone": []}
        for _ in range(5):
            for name, each in rates.items():
                each.append(server.load(name, 1.5).rate)
        return max(rates["joined"]), max(rates["alone"])
    finally:
        server.end()


def freshness(folder: Path) -> tuple[float, float, float]:
    """Seconds from the end of a run that adds rows to an answer that read them; the 99th percentile of
    answers in milliseconds before that and meanwhile."""
    server = Server(folder, 1)
    try:
        before = server.load("joined", 3.0).p99
        table("order", "paid", "amount", ROWS, more=1_000).write_parquet(folder / "orders.parquet")
        run(folder, "run")
        began, meanwhile = time.monotonic(), 0.0
        while not list(folder.glob(".comporta/tables/*/00000002-*/parts.json")):
            meanwhile = max(meanwhile, server.load("joined", 1.0).p99)
        took = time.monotonic() - began
        return took, before, max(meanwhile, server.load("joined", 2.0).p99)
    finally:
        server.end()


def main() -> None:
    if not Path("/proc/self/smaps_rollup").exists():
        sys.exit("found no /proc/self/smaps_rollup: proportional memory is told by Linux alone")
    folder = Path(tempfile.mkdtemp(prefix="comporta-bench-")) / "shop"
    lay(folder)
    run(folder, "run")
    run(folder, "release", "joined/1")
    few, many = memory(folder, FEW), memory(folder, MANY)
    further = (sum(many) - sum(few)) / (MANY - FEW)
    first = sum(few) - (FEW - 1) * further
    told = {f"{len(each) - 1} workers": [round(size) for size in each] for each in (few, many)}
    tell("memory of a server that joins two tables of 1,000,000 rows: the first worker and the supervisor",
         first, FIRST_LIMIT, "MB", first < FIRST_LIMIT, told)  # fmt: skip
    tell("memory of a server that joins two tables of 1,000,000 rows: each further worker",
         further, FURTHER_LIMIT, "MB", further < FURTHER_LIMIT, told)  # fmt: skip
    run(folder, "release", "alone/1")
    joined, alone = speed(folder)
    tell("the rate of requests that join two such tables, beside that of one that joins none",
         joined / alone, SHARE, "of the rate", joined / alone >= SHARE,
         {"joined": round(joined), "alone": round(alone)})  # fmt: skip
    took, before, meanwhile = freshness(folder)
    tell("rows that a dataset gained are answered from", took, 10.0, "seconds after the run", took < 10.0,
         {"p99_before": round(before, 2), "p99_meanwhile": round(meanwhile, 2)})  # fmt: skip


def tell(promise: str, measured: float, limit: float, unit: str, holds: bool, detail: Any) -> None:
    line = {
        "promise": promise, "measured": round(measured, 2), "limit": limit, "unit": unit, "holds": holds,
        "detail": detail,
    }  # fmt: skip
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
