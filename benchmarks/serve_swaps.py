"""Promises: 100 swaps under load fail no request, add < 10 ms to any, and leave no old version in memory.

Two servers with two workers each, of copies of one project: LightGBM, 40 features. Both are asked by as many
clients at the same pace, from one process. Of one the released version is swapped again and again, each time
once every client is answered by the one before; the other is the floor: what else the machine does meets
both. What a swap adds is the slowest answer of the swapped server less that of the floor in the seconds of
that swap, the median of all swaps; `still` is the same of windows in which nothing is swapped. Memory is what
the workers have of their own after 100 swaps beside that after 10.

    python benchmarks/serve_swaps.py
"""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import psutil
import uvloop

HERE = Path(__file__).resolve()
sys.path.insert(0, str(HERE.parent))
COMPORTA = str(Path(sys.executable).parent / "comporta")
SWAPS, FIRST, COLUMNS, WORKERS, CLIENTS, PAUSE = 100, 10, 40, 2, 4, 0.01
ADDED_LIMIT, MEMORY_LIMIT = 10.0, 10.0
STILL_EVERY = 5  # swaps, after which a window of nothing
PROJECT = """
from comporta import Dataset, Features, Model, Project, at_random

rows = Dataset("rows", "rows.parquet", key="id")
TREES = 200


def fit(X, y):
    from lightgbm import LGBMClassifier

    return LGBMClassifier(n_estimators=TREES, verbose=-1).fit(X, y)


features = Features("all", of=rows, known=tuple(f"x{at}" for at in range(40)))
risk = Model("risk", features=features, target="bad", fit=fit, split=at_random(0.25), gates=())
project = Project("swaps", models=(risk,))
"""


class Client(asyncio.Protocol):
    """One connection, which asks again a pause after each answer. answers: (when, seconds it took)."""

    def __init__(self, request: bytes) -> None:
        self.request, self.buffer, self.sent, self.ending = request, b"", 0.0, False
        self.answers: list[tuple[float, float]] = []
        self.failed, self.version = 0, b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport
        self.ask()

    def ask(self) -> None:
        if not self.ending:
            self.sent = time.perf_counter()
            self.transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        start = self.buffer.lower().find(b"content-length: ", 0, end)
        if end < 0 or len(self.buffer) < end + 4 + int(self.buffer[start + 16 :].split(b"\r", 1)[0]):
            return
        now = time.perf_counter()
        self.answers.append((now, now - self.sent))
        self.failed += self.buffer[9:12] != b"200"
        self.version = self.buffer.partition(b'"model_version":"')[2].partition(b'"')[0]
        self.buffer = b""
        asyncio.get_running_loop().call_later(PAUSE, self.ask)

    def connection_lost(self, error: Exception | None) -> None:
        self.failed += not self.ending


class Server:
    """`comporta serve` in a folder, and its clients."""

    def __init__(self, folder: Path) -> None:
        from serve_rows import free_port, wait_for_workers

        self.port = free_port()
        command = [COMPORTA, "serve", "--workers", str(WORKERS), "--port", str(self.port)]
        self.process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
        wait_for_workers(self.port, WORKERS)
        self.workers = psutil.Process(self.process.pid).children
        time.sleep(4.0)  # until each has loaded its model
        self.clients: list[Client] = []

    async def connect(self, request: bytes) -> None:
        for _ in range(CLIENTS):
            client = Client(request)
            await asyncio.get_running_loop().create_connection(
                lambda client=client: client, "127.0.0.1", self.port
            )
            self.clients.append(client)
            await asyncio.sleep(0.05)

    def took(self, since: float, until: float) -> list[float]:
        """Milliseconds of each answer in these seconds, rising."""
        every = (each for client in self.clients for each in client.answers)
        return sorted(1e3 * seconds for when, seconds in every if since <= when < until)

    def memory(self) -> float:
        """MB that a worker has of its own, on average."""
        return statistics.mean(each.memory_full_info().uss for each in self.workers()) / 2**20

    def end(self) -> None:
        for client in self.clients:
            client.ending = True
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


async def ask(swapped: Server, floor: Server, folder: Path, request: bytes) -> dict[str, Any]:
    """Swaps under load. added, still: milliseconds of each window, as above."""
    releases = await asyncio.create_subprocess_exec(
        sys.executable, str(HERE), "release", str(folder),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    assert releases.stdin is not None and releases.stdout is not None
    for each in (swapped, floor):
        await each.connect(request)
    await asyncio.sleep(2.0)
    windows: dict[str, list[tuple[float, float]]] = {"added": [], "still": []}
    memory = {0: swapped.memory()}
    for number in range(1, SWAPS + 1):
        if number % STILL_EVERY == 1:
            began = time.perf_counter()
            await asyncio.sleep(2.0)
            windows["still"].append((began, time.perf_counter()))
        version = 1 + number % 2
        began = time.perf_counter()
        releases.stdin.write(f"risk/{version}\n".encode())
        assert await releases.stdout.readline() == b"released\n"
        while any(client.version != str(version).encode() for client in swapped.clients):
            await asyncio.sleep(0.02)
            assert time.perf_counter() - began < 60.0, "a version was not swapped within a minute"
        await asyncio.sleep(0.2)
        windows["added"].append((began, time.perf_counter()))
        if number in (FIRST, SWAPS):
            memory[number] = swapped.memory()
    releases.stdin.close()
    await releases.wait()
    return {"windows": windows, "memory": memory}


def release(folder: Path) -> None:
    """Releases each version that is named on standard input."""
    from comporta.acts.release.release import release
    from comporta.opened.project import open_root

    with open_root(folder) as opened:
        for line in sys.stdin:
            release(opened, line.strip(), by="ana", reason="To swap.", say=lambda *told: "")
            print("released", flush=True)


def lay(folder: Path) -> None:
    run(folder.parent, "init", folder.name)
    rng = np.random.default_rng(7)
    X = rng.normal(size=(4_000, COLUMNS))
    columns = {f"x{at}": X[:, at] for at in range(COLUMNS)}
    bad = X.sum(axis=1) + rng.normal(size=len(X)) > 0
    pl.DataFrame({"id": np.arange(len(X)), **columns, "bad": bad}).write_parquet(folder / "rows.parquet")
    for trees in (200, 210):
        (folder / "project.py").write_text(PROJECT.replace("200", str(trees)))
        run(folder, "run")
    run(folder, "release", "risk/1")


def run(folder: Path, *words: str) -> None:
    subprocess.run([COMPORTA, *words], cwd=folder, check=True, capture_output=True)


def main() -> None:
    from _serve_load import post
    from serve_rows import body

    folder = Path(tempfile.mkdtemp(prefix="comporta-bench-"))
    lay(folder / "swapped")
    shutil.copytree(folder / "swapped", folder / "floor")
    request = post("/v2/models/risk/infer", body(np.random.default_rng(8).normal(size=COLUMNS)))
    swapped, floor = Server(folder / "swapped"), Server(folder / "floor")
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            found = runner.run(ask(swapped, floor, folder / "swapped", request))
            failed = sum(client.failed for each in (swapped, floor) for client in each.clients)
    finally:
        swapped.end()
        floor.end()
    tell_all(swapped, floor, failed, found["windows"], found["memory"])
    shutil.rmtree(folder)


def tell_all(
    swapped: Server, floor: Server, failed: int, windows: dict[str, list[tuple[float, float]]],
    memory: dict[int, float],
) -> None:  # fmt: skip
    added: dict[str, list[float]] = {"added": [], "still": []}
    detail: dict[str, Any] = {}
    for name, every in windows.items():
        both = [(swapped.took(*window), floor.took(*window)) for window in every]
        added[name] = [mine[-1] - theirs[-1] for mine, theirs in both]
        for server, times in (("swapped", [each[0] for each in both]), ("floor", [each[1] for each in both])):
            joined = sorted(each for window in times for each in window)
            detail[f"{name}_{server}_ms"] = {
                "requests": len(joined), "p50": round(joined[len(joined) // 2], 2),
                "p99": round(joined[int(len(joined) * 0.99)], 2),
                "p99.9": round(joined[int(len(joined) * 0.999)], 2), "max": round(joined[-1], 2),
                "median_of_slowest": round(statistics.median(each[-1] for each in times), 2),
            }  # fmt: skip
    measured = statistics.median(added["added"])
    detail["still"] = round(statistics.median(added["still"]), 2)
    detail["quartiles"] = [round(each, 2) for each in statistics.quantiles(added["added"])]
    tell(f"{SWAPS} swaps under load over {WORKERS} workers: requests that failed", failed, 0, "requests",
         failed == 0, {"requests": detail["added_swapped_ms"]["requests"]})  # fmt: skip
    tell("what a swap adds to the slowest request of its seconds", measured, ADDED_LIMIT, "ms",
         measured < ADDED_LIMIT, detail)  # fmt: skip
    grown = memory[SWAPS] - memory[FIRST]
    tell(f"memory of a worker's own after {SWAPS} swaps beside that after {FIRST}", grown, MEMORY_LIMIT, "MB",
         grown < MEMORY_LIMIT, {str(each): round(size, 1) for each, size in memory.items()})  # fmt: skip


def tell(promise: str, measured: float, limit: float, unit: str, holds: bool, detail: Any) -> None:
    line = {
        "promise": promise, "measured": round(measured, 2), "limit": limit, "unit": unit,
        "holds": bool(holds), "detail": detail,
    }  # fmt: skip
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["release"]:
        release(Path(sys.argv[2]))
    else:
        main()
