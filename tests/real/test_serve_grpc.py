"""A server over gRPC as NVIDIA's client has it, each in an environment of its own: raw and typed, tokens,
TLS, workers that die, an ordered end, and bytes that are nothing."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from google.protobuf.descriptor_pb2 import DescriptorProto
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.real.served import ask
from tests.real.test_serve_workers import until
from tests.unit.certificates import write_certificate

import comporta
from comporta.acts.environment.uv import find_uv
from comporta.acts.serve.serving_log import scan_all_predictions
from comporta.opened.project import open_root
from comporta.serve.grpc import messages

pytestmark = pytest.mark.soak  # it installs grpcio and tritonclient
CLIENT = Path(__file__).with_name("grpc_client.py")
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def environment(folder: Path, *packages: str) -> Path:
    """The interpreter of a new environment with these packages, at their newest."""
    uv, python = find_uv(), folder / "bin" / "python"
    subprocess.run([uv, "venv", "-q", "--python", sys.executable, folder], check=True)
    subprocess.run([uv, "pip", "install", "-q", "--python", python, *packages], check=True)
    return python


@pytest.fixture(scope="module")
def pythons(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(of the server, of the client)"""
    home = tmp_path_factory.mktemp("grpc")
    server = environment(home / "server", "grpcio")
    # What is required beside stands where these tests run.
    (site,) = (home / "server").glob("lib/*/site-packages")
    here = [sysconfig.get_path("purelib"), str(Path(comporta.__file__).parents[1])]
    (site / "beside.pth").write_text("\n".join(here) + "\n")
    return server, environment(home / "client", "tritonclient[grpc]")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Client:
    """NVIDIA's client in a process of its own."""

    def __init__(self, python: Path, address: str, certificate: Path | None = None) -> None:
        words = [str(python), str(CLIENT), address, *([str(certificate)] if certificate else [])]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, do: str, **wanted: Any) -> Any:
        """What was found, or `{"code": …, "words": …}`."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps({"do": do, **wanted}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "the client ended"
        said = json.loads(line)
        return said.get("found", said) if "code" not in said else said

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(30)


class Server:
    """`comporta serve --grpc` in a folder, and clients of it."""

    def __init__(self, pythons: tuple[Path, Path], folder: Path, *words: str) -> None:
        self.python, self.client_python = pythons
        self.port, self.grpc = free_port(), free_port()
        self.folder, self.log = folder, folder / f"serve-{self.port}.log"
        self.clients: list[Client] = []
        ports = ("--port", str(self.port), "--grpc", str(self.grpc))
        command = [self.python, "-m", "comporta", "serve", *ports, *words]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT)

    def client(self, certificate: Path | None = None) -> Client:
        made = Client(self.client_python, f"localhost:{self.grpc}", certificate)
        self.clients.append(made)
        return made

    def listeners(self) -> set[int]:
        """The processes that listen for gRPC."""
        main, found = psutil.Process(self.process.pid), set()
        for each in (main, *main.children()):
            with contextlib.suppress(psutil.NoSuchProcess):
                for link in each.net_connections():
                    if link.status == psutil.CONN_LISTEN and link.laddr.port == self.grpc:
                        found.add(each.pid)
        return found

    def until_listening(self, processes: int = 1) -> None:
        def there() -> bool:
            assert self.process.poll() is None, self.log.read_text()
            return len(self.listeners()) == processes

        until(there, 300.0)

    def rest(self, path: str, body: Any) -> Any:
        status, text = ask(self.port, "POST", path, body)
        assert status == 200, text
        return json.loads(text)

    def end(self) -> str:
        for each in self.clients:
            each.end()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        return self.log.read_text()


@pytest.fixture
def serve(pythons: tuple[Path, Path], folder: Path) -> Iterator[Callable[..., Server]]:
    servers = []

    def begin(*words: str) -> Server:
        servers.append(Server(pythons, folder, *words))
        return servers[-1]

    yield begin
    for each in servers:
        each.end()


def row(customer: int = 70, plan: str = "family", rows: int = 1) -> list[dict[str, Any]]:
    """Inputs of the golden model."""
    columns = {
        "customer": ("INT64", customer), "month": ("BYTES", "2026-08-01T00:00:00Z"), "tenure": ("INT64", 70),
        "plan": ("BYTES", plan),
    }  # fmt: skip
    return [
        {"name": name, "datatype": datatype, "shape": [rows], "data": [value] * rows}
        for name, (datatype, value) in columns.items()
    ]


def test_the_real_client_is_answered_as_over_rest(serve: Callable[..., Server]) -> None:
    server = serve("--workers", "1", "--access-log", "a.log")
    server.until_listening()
    client = server.client()
    until(lambda: client("ready") is True)
    assert client("live") is True
    assert [client("model_ready", model=name) for name in ("leaving", "other")] == [True, False]
    assert client("server")["name"] == "comporta"
    status, text = ask(server.port, "GET", "/v2/models/leaving")
    told, known = client("metadata", model="leaving"), json.loads(text)
    assert status == 200 and told["versions"] == known["versions"]
    for side in ("inputs", "outputs"):
        assert [(each["name"], each["datatype"]) for each in told[side]] == [
            (each["name"], each["datatype"]) for each in known[side]
        ]
    asked = {"inputs": row(rows=3), "id": "mine", "parameters": {"unit": "u1"}}
    expected = server.rest("/v2/models/leaving/infer", asked)
    values = {each["name"]: each["data"] for each in expected["outputs"]}
    raw = client("infer", model="leaving", headers={"traceparent": TRACE}, **asked)
    typed = client("typed", model="leaving", inputs=row(rows=3))
    packed = client("infer", model="leaving", inputs=row(rows=3), pack="gzip")
    for answer in (raw, typed, packed):
        assert answer["version"] == expected["model_version"]
        assert len(answer["outputs"].pop("prediction_id")) == 3
        assert answer["outputs"] == {name: values[name] for name in answer["outputs"]} and answer["outputs"]
    assert raw["id"] == "mine"
    version = client("infer", model="leaving", inputs=row(), version=raw["version"], outputs=["probability"])
    assert set(version["outputs"]) == {"probability", "prediction_id"}
    for code, inputs, model, version in (
        ("NOT_FOUND", row(), "nobody", ""),
        ("NOT_FOUND", row(), "leaving", "99"),
        ("INVALID_ARGUMENT", row()[1:], "leaving", ""),
        ("INVALID_ARGUMENT", [{**row()[0], "datatype": "BYTES", "data": ["x"]}, *row()[1:]], "leaving", ""),
    ):
        assert client("infer", model=model, inputs=inputs, version=version)["code"] == code
    for beside in ("config", "index", "statistics"):
        words = {"model": "leaving"} if beside == "config" else {}
        assert client(beside, **words)["code"] == "UNIMPLEMENTED"
    server.end()
    (line,) = [
        each
        for each in map(json.loads, (server.folder / "a.log").read_text().splitlines())
        if each["trace"] == TRACE[3:35]
    ]
    assert (line["method"], line["path"].rpartition("/")[2], line["rows"]) == ("GRPC", "ModelInfer", 3)
    assert server.process.returncode == 0


def test_messages_are_those_that_the_client_was_generated_with(pythons: tuple[Path, Path]) -> None:
    names = [name for name, kind in vars(messages).items() if hasattr(kind, "DESCRIPTOR")]
    client = Client(pythons[1], "localhost:1")
    theirs = client("descriptors", names=names)
    client.end()
    assert len(names) == 12
    for name in names:
        ours, other = DescriptorProto(), DescriptorProto()
        getattr(messages, name).DESCRIPTOR.CopyToProto(ours)
        other.ParseFromString(bytes.fromhex(theirs[name]))
        assert ours == other, name


def test_tokens_quotas_and_a_certificate_that_is_renewed(serve: Callable[..., Server], folder: Path) -> None:
    certificate, key = write_certificate(folder, "server")
    fresh, fresh_key = write_certificate(folder, "fresh")
    trusted, later = folder / "trusted.pem", folder / "later.pem"
    trusted.write_bytes(certificate.read_bytes())
    later.write_bytes(fresh.read_bytes())

    def token(name: str, *words: str) -> dict[str, str]:
        command = [sys.executable, "-m", "comporta", "token", "add", name, *words]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
        (text,) = [each for each in done.stdout.split() if each.startswith("cmp_")]
        return {"authorization": f"Bearer {text}"}

    billing, looker = token("billing", "--rows-a-day", "2"), token("looker", "--action", "metadata")
    server = serve("--tokens", "--workers", "1", "--tls-cert", "server.pem", "--tls-key", "server.key")
    server.until_listening()
    client = server.client(trusted)
    until(lambda: client("ready") is True)
    assert client("metadata", model="leaving")["code"] == "UNAUTHENTICATED"
    assert client("zeros", megabytes=17) == "UNAUTHENTICATED"  # and no byte of it is read
    assert client("metadata", model="leaving", headers=looker)["name"] == "leaving"
    asked = {"model": "leaving", "inputs": row()}
    assert client("infer", headers=looker, **asked)["code"] == "PERMISSION_DENIED"
    first = client("infer", headers=billing, **asked)
    assert client("infer", headers=billing, **asked)["version"] == first["version"]
    assert client("infer", headers=billing, **asked)["code"] == "RESOURCE_EXHAUSTED"
    fresh.replace(certificate)
    fresh_key.replace(key)
    until(lambda: "a new certificate answers" in server.log.read_text())
    until(lambda: server.client(later)("live") is True)
    assert server.client(trusted)("live")["code"] == "UNAVAILABLE"
    server.end()
    with open_root(folder) as opened:
        logged = scan_all_predictions(opened, "leaving").collect().to_dicts()
    (kept,) = [each for each in logged if each["id"] in first["outputs"]["prediction_id"]]
    assert kept["token"] == "billing"


def test_no_bytes_make_it_fail_and_the_next_request_is_answered(serve: Callable[..., Server]) -> None:
    server = serve("--workers", "1")
    server.until_listening()
    client = server.client()
    until(lambda: client("ready") is True)
    message = messages.ModelInferRequest(model_name="leaving")
    for each in row():
        tensor = message.inputs.add(name=each["name"], datatype=each["datatype"], shape=each["shape"])
        data = each["data"]
        if each["datatype"] == "BYTES":
            tensor.contents.bytes_contents.extend([text.encode() for text in data])
        else:
            tensor.contents.int64_contents.extend(data)
    good = message.SerializeToString()
    pieces = st.tuples(st.integers(0, len(good)), st.binary(max_size=40), st.integers(0, 8))
    methods = st.sampled_from(
        ["ModelInfer", "ModelInfer", "ModelMetadata", "ModelReady", "ServerLive", "Rubbish"]
    )

    @settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))
    @given(methods, st.lists(pieces, min_size=1, max_size=4))
    def attack(method: str, changes: list[tuple[int, bytes, int]]) -> None:
        data = good
        for at, put, cut in changes:
            data = data[:at] + put + data[at + cut :]
        answer = client("octets", method=method, data=data.hex())
        assert answer["code"] in ("OK", "INVALID_ARGUMENT", "NOT_FOUND", "UNIMPLEMENTED"), answer
        assert client("octets", method="ModelInfer", data=good.hex())["code"] == "OK"

    attack()
    memory = psutil.Process(server.process.pid).memory_info().rss
    assert client("nothing")["code"] == "INVALID_ARGUMENT"
    # More than a message may have, as it is and packed into few bytes; and what would become very much.
    assert client("zeros", megabytes=17) == "RESOURCE_EXHAUSTED"
    assert client("zeros", megabytes=64, pack=True) in ("RESOURCE_EXHAUSTED", "INVALID_ARGUMENT")
    bomb = b"\x0a\x07leaving" + b"\x2a\x00" * 2_000_000
    assert client("octets", method="ModelInfer", data=bomb.hex())["code"] == "INVALID_ARGUMENT"
    assert psutil.Process(server.process.pid).memory_info().rss - memory < 200 * 2**20
    assert client("octets", method="ModelInfer", data=good.hex())["code"] == "OK"
    assert "500" not in server.end()


def test_workers_share_the_port_one_is_killed_and_the_end_is_in_order(
    serve: Callable[..., Server], folder: Path
) -> None:
    server = serve("--workers", "2")
    server.until_listening(2)
    clients = [server.client() for _ in range(6)]
    answered: list[str] = []
    failed: list[dict[str, str]] = []
    again: set[int] = set()
    ending = threading.Event()

    def keep_asking(client: Client) -> None:
        while not ending.is_set():
            said = client("infer", model="leaving", inputs=row())
            if "code" in said:
                failed.append(said)
                ending.wait(0.05)
            else:
                again.add(id(client))
                answered.extend(said["outputs"]["prediction_id"])

    threads = [threading.Thread(target=keep_asking, args=(each,)) for each in clients]
    for each in threads:
        each.start()
    until(lambda: len(answered) > 300, 300.0)
    before = server.listeners()
    os.kill(min(before), signal.SIGKILL)
    until(lambda: len(server.listeners() - {min(before)}) == 2, 300.0)
    again.clear()
    until(lambda: len(again) == len(clients), 300.0)
    # What was on its way to the worker that died, and what a client says by itself until it connects again.
    assert {each["code"] for each in failed} <= {"UNAVAILABLE"}, failed
    lost, count = len(failed), len(answered)
    until(lambda: len(answered) > count + 300, 300.0)
    assert len(failed) == lost, failed[lost:]
    server.process.send_signal(signal.SIGTERM)
    server.process.wait(60)
    ending.set()
    for each in threads:
        each.join(60)
    assert {each["code"] for each in failed[lost:]} <= {"UNAVAILABLE"}, failed
    assert server.process.returncode == 0, server.log.read_text()
    with open_root(folder) as opened:
        logged = set(scan_all_predictions(opened, "leaving").collect()["id"])
    # A killed worker loses what it answered in its last second.
    assert len(set(answered) - logged) < len(answered) / 2
    assert set(answered[count:]) <= logged


def test_a_port_in_use_and_a_missing_extra_are_one_error_each_and_nothing_begins(
    pythons: tuple[Path, Path], folder: Path
) -> None:
    def said(python: str | Path, *words: str) -> tuple[int, str]:
        command = [python, "-m", "comporta", "serve", "--port", "0", *words]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
        return done.returncode, done.stdout + done.stderr

    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        for workers in ("1", "2"):
            code, text = said(pythons[0], "--grpc", str(taken.getsockname()[1]), "--workers", workers)
            assert code == 2 and "Choose another with --grpc" in text and len(text.splitlines()) == 1, text
    code, text = said(sys.executable, "--grpc", "0", "--workers", "2")
    assert code == 2 and "pip install 'comporta[grpc]'" in text and len(text.splitlines()) == 1, text
