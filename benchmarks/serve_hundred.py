"""Promise: requests of 100 rows at 80 % or more of the rate of a server written by hand.

LightGBM (200 trees of 31 leaves) of 40 floats, Open Inference v2 JSON, one worker, logging on, answers
checked against the model. Beside it, in the same rounds: a bare uvicorn that decodes the body with msgspec,
asks ONNX Runtime for the same trees and logs nothing; MLServer, in an environment that this makes; and a bare
uvicorn that only echoes the body, which is the floor of tails. Each is asked for 1 and 100 rows, on 1 and 32
connections; p99 is to be at most 3 times the floor's, and the rate above MLServer's, in each of these four.

    python benchmarks/serve_hundred.py
"""

from __future__ import annotations

import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from _serve_mlserver import make_environment, start_mlserver
from serve_rows import COLUMNS, OneModel, Open, cpu, free_port, make_models, metrics, open_desk, wait

ROUNDS, SECONDS, PAUSE, SHARE, TAIL = 9, 1.0, 0.3, 80.0, 3.0
KINDS = ("echo", "onnx", "lightgbm", "mlserver")
SIZES, CONNECTIONS = (1, 100), (1, 32)
HERE = Path(__file__).resolve()
Case = tuple[int, int]


class Round:
    """What one server did in one round of a case. cpu: microseconds of processor time a request."""

    def __init__(self, load: Any, cpu: float) -> None:
        self.rate, self.p50, self.p99, self.cpu = load.rate, load.p50, load.p99, cpu


Rounds = dict[Case, dict[str, list[Round]]]


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="comporta-bench-"))
    asked = np.random.default_rng(7).normal(size=(3200, COLUMNS)).round(6)
    expected = make_models(folder, asked)["lightgbm"]
    without = make_environment(folder / "mlserver")
    if without:
        print(f"MLServer is not among them: {without}", file=sys.stderr)
    kinds = KINDS[:-1] if without else KINDS
    ports = {kind: free_port() for kind in kinds}
    servers = {kind: start(kind, ports[kind], folder) for kind in kinds}
    try:
        found, beside = measure(servers, ports, asked, expected)
    finally:
        for server in servers.values():
            server.send_signal(signal.SIGTERM)
        for kind, server in servers.items():
            try:
                server.wait(30)
            except subprocess.TimeoutExpired:
                print(f"{kind} did not end within 30 seconds and is killed", file=sys.stderr)
                os.killpg(server.pid, signal.SIGKILL)
    sound = not beside["wrong"] and not beside["failed"]
    share = 100 * statistics.median(ratios(found[100, 32], "onnx", "rate"))
    by_case = {text(case): told(each) for case, each in found.items()}
    say("requests of 100 rows: share of a hand-written ONNX server's rate",
        share, SHARE, "%", sound and share >= SHARE, by_case | beside)  # fmt: skip
    tails = {text(case): statistics.median(ratios(each, "echo", "p99")) for case, each in found.items()}
    say("p99 beside a bare echo's, the worst of 1 and 100 rows on 1 and 32 connections",
        max(tails.values()), TAIL, "times", sound and max(tails.values()) <= TAIL, tails)  # fmt: skip
    if not without:
        leads = {
            text(case): statistics.median(ratios(each, "mlserver", "rate")) for case, each in found.items()
        }
        say("rate beside MLServer's, the least of 1 and 100 rows on 1 and 32 connections",
            min(leads.values()), 1.0, "times", sound and min(leads.values()) > 1.0, leads)  # fmt: skip


def measure(
    servers: dict[str, subprocess.Popen[bytes]], ports: dict[str, int], asked: Any, expected: list[float]
) -> tuple[Rounds, dict[str, Any]]:
    """Rounds of each case in turn, and what is to be told beside them."""
    from _serve_load import load, post

    kinds = list(servers)
    cases = [(n, connections) for n in SIZES for connections in CONNECTIONS]
    found: Rounds = {case: {kind: [] for kind in kinds} for case in cases}
    wrong = failed = checked = 0
    requests = {
        (kind, n): [post(f"/v2/models/{kind}/infer", each) for each in bodies(asked, n)]
        for kind in kinds for n in SIZES
    }  # fmt: skip
    for kind in kinds:
        wait(ports[kind], seconds=120)
        for n in SIZES:
            load(ports[kind], requests[kind, n], seconds=0.5)
    order = random.Random(7)
    for _ in range(ROUNDS):
        for case in cases:
            n, connections = case
            for kind in order.sample(kinds, len(kinds)):
                # What was asked of the one before may still be under way there.
                time.sleep(PAUSE)
                before = cpu(servers[kind].pid)
                done = load(ports[kind], requests[kind, n], connections=connections, seconds=SECONDS)
                used = 1e6 * (cpu(servers[kind].pid) - before) / max(1, done.count)
                found[case][kind].append(Round(done, used))
                failed += done.failed
                for which, answer in done.answers if kind != "echo" else ():
                    checked += 1
                    wrong += not is_right(answer, expected[which * n : (which + 1) * n])
    port = ports["lightgbm"]
    beside = {
        "checked": checked,
        "wrong": wrong,
        "failed": failed,
        "log": metrics(port),
        "forms": forms_of(port),
    }
    return found, beside


def text(case: Case) -> str:
    return f"{case[0]} rows, {case[1]} connections"


def told(rounds: dict[str, list[Round]]) -> dict[str, dict[str, float]]:
    """Medians of the rounds: answers a second, milliseconds, and microseconds of the processor a request."""
    return {
        what: {
            kind: round(statistics.median(getattr(each, what) for each in mine), digits)
            for kind, mine in rounds.items()
        }
        for what, digits in (("rate", 0), ("p50", 2), ("p99", 2), ("cpu", 1))
    }


def start_peer(port: int, folder: Path) -> subprocess.Popen[bytes]:
    from comporta.records import Artifact, decode
    from comporta.train import load_predictor

    parts = decode((folder / "lightgbm.json").read_bytes(), dict[str, Artifact])
    place = folder / "peer"
    place.mkdir()
    load_predictor(open_desk(folder), parts).native.booster_.save_model(place / "model.bst")
    return start_mlserver(folder / "mlserver", place, "mlserver", (port, free_port(), free_port()))


def ratios(found: dict[str, list[Round]], beside: str, what: str) -> list[float]:
    """Of each round what the server did, over what another did in it."""
    pairs = zip(found["lightgbm"], found[beside], strict=True)
    return [getattr(mine, what) / max(1e-9, getattr(theirs, what)) for mine, theirs in pairs]


def bodies(rows: Any, n: int) -> list[bytes]:
    """Requests of n rows each."""
    made = []
    for at in range(0, min(len(rows), 32 * n), n):
        data = [float(f"{x:.6f}") for x in rows[at : at + n].ravel()]
        tensor = {"name": "rows", "shape": [n, COLUMNS], "datatype": "FP64", "data": data}
        made.append(json.dumps({"inputs": [tensor]}).encode())
    return made


def is_right(answer: bytes, expected: list[float]) -> bool:
    said = next(out for out in json.loads(answer)["outputs"] if out["name"] in ("probability", "predict"))
    return bool(np.abs(np.array(said["data"]) - expected).max() <= 1e-4)


def forms_of(port: int) -> Any:
    """Which form of the model answers from how many rows on."""
    import urllib.request

    text = urllib.request.urlopen(f"http://127.0.0.1:{port}/v2/models/lightgbm", timeout=5).read()
    return json.loads(text).get("parameters", {}).get("forms", {})


def say(promise: str, measured: float, limit: float, unit: str, holds: bool, detail: Any) -> None:
    line = {"promise": promise, "measured": round(measured, 2), "limit": limit, "unit": unit}
    print(json.dumps(line | {"holds": bool(holds), "detail": detail}), flush=True)


def start(kind: str, port: int, folder: Path) -> subprocess.Popen[bytes]:
    if kind == "mlserver":
        return start_peer(port, folder)
    words = [sys.executable, str(HERE), kind, str(port), str(folder)]
    return subprocess.Popen(words, start_new_session=True)


def run_server(kind: str, port: int, folder: Path) -> None:
    if kind == "lightgbm":
        from comporta.serve import Tally, serve

        tally = Tally(folder / "lightgbm.tally")
        serve(
            OneModel(kind, folder), Open(folder, kind), key=b"k" * 32, port=port, tally=tally,
            say=lambda line: None,
        )  # fmt: skip
        return
    import uvicorn

    if kind == "echo":
        from _serve_echo import app
    else:
        from _serve_onnx import onnx_app
        from comporta.records import Artifact, decode

        parts = decode((folder / "lightgbm.json").read_bytes(), dict[str, Artifact])
        app = onnx_app(open_desk(folder).get(parts["onnx"]))
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error", access_log=False, lifespan="off")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        run_server(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
    else:
        main()
