"""Promise: a single row through gRPC costs at most 3 times the processor time of an echo of grpcio's.

One server of one process answers over gRPC and REST: LightGBM (200 trees), 40 floats, logging on.
REST asks in JSON, gRPC with raw contents; the floor is a server of grpcio's that only sends the message back.
One connection each, by turns, several times over; the figure is the median of the rounds. grpcio
stands in an environment that the script makes.

    python benchmarks/serve_grpc.py
"""

from __future__ import annotations

import json
import shutil
import signal
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve()
sys.path.insert(0, str(HERE.parent))
ROUNDS, SECONDS, LIMIT, COLUMNS = 7, 1.5, 3.0, 40
METHOD = "/inference.GRPCInferenceService/ModelInfer"


def main() -> None:
    from _serve_load import load, post
    from serve_rows import body, cpu, free_port, make_models, wait

    folder = Path(tempfile.mkdtemp(prefix="comporta-bench-"))
    row = np.random.default_rng(7).normal(size=(1, COLUMNS))
    expected = make_models(folder, row)["lightgbm"][0]
    (folder / "message").write_bytes(message(row))
    python = environment(folder / "grpc")
    port, grpc, echo = free_port(), free_port(), free_port()
    servers = {
        "comporta": run(python, "comporta", port, grpc, folder),
        "echo": run(python, "echo", echo, 0, folder),
    }
    client = subprocess.Popen(
        [python, HERE, "client", str(grpc), str(echo), str(folder)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    request = [post("/v2/models/lightgbm/infer", body(row[0]))]
    costs: dict[str, list[float]] = {"rest": [], "grpc": [], "echo": []}
    times: dict[str, list[float]] = {"rest": [], "grpc": [], "echo": []}
    try:
        wait(port)
        said = ask(client, "grpc", 1.0)
        ask(client, "echo", 0.5)
        load(port, request, connections=1, seconds=0.5)
        for number in range(ROUNDS):
            for kind in ("rest", "grpc", "echo") if number % 2 else ("echo", "grpc", "rest"):
                server = servers["echo" if kind == "echo" else "comporta"].pid
                before = cpu(server)
                if kind == "rest":
                    done = load(port, request, connections=1, seconds=SECONDS)
                    count, median = done.count, done.p50
                else:
                    found = ask(client, kind, SECONDS)
                    count, median = found["count"], found["median_ms"]
                costs[kind].append(1e6 * (cpu(server) - before) / max(1, count))
                times[kind].append(median)
    finally:
        client.kill()
        for each in servers.values():
            each.send_signal(signal.SIGTERM)
        for each in servers.values():
            each.wait(30)
        shutil.rmtree(folder, ignore_errors=True)
    times_echo = statistics.median(a / b for a, b in zip(costs["grpc"], costs["echo"], strict=True))
    right = abs(said["probability"] - expected) < 1e-4
    print(
        json.dumps(
            {
                "promise": "a single row through gRPC: processor time of an echo of grpcio's",
                "measured": round(times_echo, 2),
                "limit": LIMIT,
                "unit": "times",
                "holds": bool(times_echo <= LIMIT and right),
                "detail": {
                    "cpu_us": {kind: round(statistics.median(each), 1) for kind, each in costs.items()},
                    "ms": {kind: round(statistics.median(each), 3) for kind, each in times.items()},
                },
            }
        )
    )


def environment(folder: Path) -> Path:
    """The interpreter of one with grpcio, and all that stands where this one is."""
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, folder], check=True)
    python = folder / "bin" / "python"
    subprocess.run([uv, "pip", "install", "--quiet", "--python", python, "grpcio"], check=True)
    (site,) = folder.glob("lib/*/site-packages")
    here = [sysconfig.get_path("purelib"), str(HERE.parents[1] / "src")]
    (site / "beside.pth").write_text("\n".join(here) + "\n")
    return python


def run(python: Path, *words: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen([python, HERE, *map(str, words)])


def ask(client: subprocess.Popen[str], kind: str, seconds: float) -> dict[str, Any]:
    """One round of the client's."""
    assert client.stdin is not None and client.stdout is not None
    client.stdin.write(f"{kind} {seconds}\n")
    client.stdin.flush()
    return dict(json.loads(client.stdout.readline()))


def message(row: Any) -> bytes:
    """The row as a ModelInferRequest of raw contents."""
    from comporta.serve.grpc.messages import ModelInferRequest

    made = ModelInferRequest(model_name="lightgbm", raw_input_contents=[row.astype("<f8").tobytes()])
    made.inputs.add(name="rows", datatype="FP64", shape=[1, COLUMNS])
    return bytes(made.SerializeToString())


def serve_comporta(port: int, grpc: int, folder: Path) -> None:
    from comporta.serve import Tally, serve
    from comporta.serve.server_options import ServerOptions
    from serve_rows import OneModel, Open

    serve(
        OneModel("lightgbm", folder), Open(folder, "grpc"), key=b"k" * 32, port=port,
        tally=Tally(folder / "tally"), options=ServerOptions(grpc=grpc), say=lambda line: None,
    )  # fmt: skip


def serve_echo(port: int) -> None:
    import grpc
    import uvloop

    async def echo(message: bytes, context: Any) -> bytes:
        return message

    async def answer() -> None:
        server = grpc.aio.server()
        method = grpc.unary_unary_rpc_method_handler(echo)
        service, name = METHOD[1:].split("/")
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {name: method}),))
        server.add_insecure_port(f"127.0.0.1:{port}")
        await server.start()
        await server.wait_for_termination()

    uvloop.run(answer())


def run_client(ports: dict[str, int], folder: Path) -> None:
    """Reads `KIND SECONDS` line by line, asks as long, and says how often and how quickly."""
    import grpc

    from comporta.serve.grpc.messages import ModelInferResponse

    data = (folder / "message").read_bytes()
    calls = {
        kind: grpc.insecure_channel(f"127.0.0.1:{port}").unary_unary(METHOD) for kind, port in ports.items()
    }
    for line in sys.stdin:
        kind, seconds = line.split()
        call, times, answer = calls[kind], [], b""
        end = time.perf_counter() + float(seconds)
        while (began := time.perf_counter()) < end:
            answer = call(data, wait_for_ready=True)
            times.append(time.perf_counter() - began)
        said: dict[str, Any] = {"count": len(times), "median_ms": 1000 * statistics.median(times)}
        if kind == "grpc":
            response = ModelInferResponse.FromString(answer)
            place = [each.name for each in response.outputs].index("probability")
            said["probability"] = float(np.frombuffer(response.raw_output_contents[place], "<f8")[0])
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    if len(sys.argv) == 1:
        main()
    elif sys.argv[1] == "client":
        run_client({"grpc": int(sys.argv[2]), "echo": int(sys.argv[3])}, Path(sys.argv[4]))
    elif sys.argv[1] == "echo":
        serve_echo(int(sys.argv[2]))
    else:
        serve_comporta(int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
