"""Promise: good requests' 99th percentile stays within 3 times of itself while others send what is refused.

Single rows of 40 floats, Open Inference v2, 16 connections that ask again 5 ms after each answer; meanwhile
two clients send one attack after another without pause: 16 MB of CSV ones, nested lists, 260,000 inputs,
64 MB packed, a head without end, one value of 16 MB. The floor is the same load without them, in turns within
the same minute; the figure is the worst attack's, each by the median of its rounds. Memory is the server's
growth at its peak.

    python benchmarks/serve_attacked.py
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import itertools
import json
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

COLUMNS, CLIENTS, ATTACKERS, ROUNDS, SECONDS, PAUSE, LIMIT = 40, 16, 2, 5, 1.5, 0.005, 3.0
MEMORY_LIMIT = 200.0  # MB: the budget of bodies, what is decoded of one, and room
HERE = Path(__file__).resolve()
MB = 2**20


def main() -> None:
    sys.path.insert(0, str(HERE.parent))
    from _serve_load import post
    from serve_rows import body, free_port, wait

    folder = Path(tempfile.mkdtemp(prefix="comporta-bench-"))
    port = free_port()
    server = subprocess.Popen([sys.executable, str(HERE), str(port), str(folder)])
    good = [
        post("/v2/models/sum/infer", body(row)) for row in np.random.default_rng(7).normal(size=(64, COLUMNS))
    ]
    calm: dict[str, list[float]] = {name: [] for name in ATTACKS}
    attacked: dict[str, list[float]] = {name: [] for name in ATTACKS}
    refused: dict[str, list[int]] = {name: [] for name in ATTACKS}
    try:
        wait(port)
        ask(port, good)
        before = memory(server.pid)
        for _ in range(ROUNDS):
            for name, attack in ATTACKS.items():
                calm[name].append(ask(port, good))
                with attacking(port, attack()) as statuses:
                    attacked[name].append(ask(port, good))
                refused[name] += statuses
        grown = (memory(server.pid) - before) / MB
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)
    ratios = {
        name: statistics.median(one / other for one, other in zip(attacked[name], calm[name], strict=True))
        for name in ATTACKS
    }
    answered = all(set(each) <= EXPECTED and each for each in refused.values())
    detail = {
        "p99_ms": {name: round(statistics.median(attacked[name]), 1) for name in ATTACKS},
        "calm_p99_ms": round(statistics.median(itertools.chain(*calm.values())), 1),
        "ratios": {name: round(each, 2) for name, each in ratios.items()},
        "refused": {name: dict(Counter(each)) for name, each in refused.items()},
    }  # fmt: skip
    tell(
        "good requests' p99 while others are refused", max(ratios.values()), LIMIT, "times", answered, detail
    )
    tell("memory that refused requests take", grown, MEMORY_LIMIT, "MB", answered, {})


def tell(promise: str, measured: float, limit: float, unit: str, good: bool, detail: dict[str, Any]) -> None:
    line = {
        "promise": promise, "measured": round(measured, 2), "limit": limit, "unit": unit,
        "holds": bool(measured <= limit and good), "detail": detail,
    }  # fmt: skip
    print(json.dumps(line))


def request(path: str, body: bytes, kind: str = "application/json", *more: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "host: 127.0.0.1", f"content-type: {kind}", *more]
    return "\r\n".join([*lines, f"content-length: {len(body)}", "", ""]).encode() + body


def ones() -> bytes:
    names = ",".join(f"x{i}" for i in range(COLUMNS)).encode()
    return request("/invocations", (names + b"\n" + b"1\n" * (8 * MB))[: 16 * MB], "text/csv")


def nested() -> bytes:
    return request("/invocations", (b'{"inputs":[' + b"[[]]," * (4 * MB))[: 16 * MB])


def inputs() -> bytes:
    one = b'{"name":"a","shape":[1],"datatype":"FP64","data":[1]},'
    return request("/v2/models/sum/infer", (b'{"inputs":[' + one * 260_000)[: 16 * MB])


def packed() -> bytes:
    bomb = gzip.compress(b"[" * (64 * MB), 1)
    return request("/invocations", bomb, "application/json", "content-encoding: gzip")


def head() -> bytes:
    return b"POST /invocations HTTP/1.1\r\nhost: 127.0.0.1\r\n" + b"x-y: zzzzzzzzzzzzzzzzzzzzz\r\n" * 200_000


def number() -> bytes:
    body = b'{"inputs":[{"name":"a","shape":[1,1],"datatype":"FP64","data":[' + b"1" * (16 * MB)
    return request("/v2/models/sum/infer", body[: 16 * MB - 4] + b"]}]}")


def text() -> bytes:
    return request("/invocations", (b'{"inputs":[["' + b"\\n" * (8 * MB))[: 16 * MB - 4] + b'"]]}')


def cell() -> bytes:
    return request("/invocations", (b"x0\n" + "é".encode() * (8 * MB))[: 16 * MB - 1] + b"\n", "text/csv")


ATTACKS = {"lines of ones": ones, "nested lists": nested, "inputs": inputs, "packed": packed, "head": head,
           "a number": number, "a text": text, "a cell": cell}  # fmt: skip
EXPECTED = {400, 413, 431}


@contextlib.contextmanager
def attacking(port: int, data: bytes) -> Iterator[list[int]]:
    """A process whose clients send this without pause; what they are answered is told at the end."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        command = [sys.executable, str(HERE), "attack", str(port), file.name]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        process.stdout.readline()  # the first was answered
        statuses: list[int] = []
        try:
            yield statuses
        finally:
            statuses += json.loads(process.communicate("end\n")[0])


def attack(port: int, data: bytes) -> None:
    ending, statuses = threading.Event(), list[int]()

    def send() -> None:
        while not ending.is_set():
            with socket.create_connection(("127.0.0.1", port), timeout=30) as link:
                with contextlib.suppress(ConnectionError):
                    link.sendall(data)
                with contextlib.suppress(ConnectionError):
                    answer = link.recv(65536)
                    statuses.append(int(answer[9:12] or 0))

    threads = [threading.Thread(target=send) for _ in range(ATTACKERS)]
    for thread in threads:
        thread.start()
    while not statuses:
        time.sleep(0.01)
    print("begun", flush=True)
    sys.stdin.readline()
    ending.set()
    for thread in threads:
        thread.join()
    print(json.dumps(statuses), flush=True)


def ask(port: int, requests: list[bytes]) -> float:
    """The 99th percentile of good requests, in milliseconds."""

    async def client(start: int, until: float, times: list[float]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number in range(start, 1 << 30):
            began = time.perf_counter()
            if began > until:
                break
            writer.write(requests[number % len(requests)])
            answer = await reader.readuntil(b"\r\n\r\n")
            assert answer.startswith(b"HTTP/1.1 200"), answer
            size = int(answer.lower().partition(b"content-length: ")[2].split(b"\r", 1)[0])
            await reader.readexactly(size)
            times.append(time.perf_counter() - began)
            await asyncio.sleep(PAUSE)
        writer.close()

    async def all_of_them() -> list[float]:
        times: list[float] = []
        until = time.perf_counter() + SECONDS
        await asyncio.gather(*(client(number, until, times) for number in range(CLIENTS)))
        return sorted(times)

    times = asyncio.run(all_of_them())
    return 1e3 * times[int(len(times) * 0.99)]


def memory(pid: int) -> float:
    """Bytes of the process's memory at its peak."""
    line = next(each for each in Path(f"/proc/{pid}/status").read_text().splitlines() if "VmHWM" in each)
    return 1024.0 * int(line.split()[1])


def run_server(port: int, folder: Path) -> None:
    from comporta.records import Field, Share, Signature
    from comporta.serve import LoadedVersion, ModelScores, serve
    from comporta.testing.serving import MemorySource

    sys.path.insert(0, str(HERE.parent))
    from serve_rows import Open

    fields = tuple(Field(name=f"x{i}", type="Float64") for i in range(COLUMNS))

    signature = Signature(raw=fields, features=fields, output="label", task="regression", label="Float64")

    def fast(rows: Any) -> ModelScores:
        return ModelScores(rows.sum(axis=1), None)

    def load(model: str, number: int) -> LoadedVersion:
        return LoadedVersion(
            model=model, number=number, fast=fast, predict=lambda frame: fast(frame.to_numpy()),
            signature=signature,
        )  # fmt: skip

    source = MemorySource(load, {"sum": (Share(version=1, weight=1.0),)})
    serve(source, Open(folder, "sum"), key=b"k" * 32, port=port, say=lambda line: None)


if __name__ == "__main__":
    if sys.argv[1:2] == ["attack"]:
        attack(int(sys.argv[2]), Path(sys.argv[3]).read_bytes())
    elif len(sys.argv) > 1:
        run_server(int(sys.argv[1]), Path(sys.argv[2]))
    else:
        main()
