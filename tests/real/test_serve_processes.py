"""A real server process: real clients, real kills, real sockets. As a script, this file is that server."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import msgspec
import numpy as np
import pytest

FIELDS = ("a", "b", "c")
BODY = {"inputs": [{"name": "m", "shape": [1, 3], "datatype": "FP64", "data": [1.0, 2.0, 3.5]}]}
INFER = "/v2/models/sum/infer"


# The server.


def loaded(model: str, number: int) -> Any:
    """Version n answers n times the sum of its row; `words` a probability for text."""
    from comporta.records import Field, Signature
    from comporta.serve import LoadedVersion, ModelScores

    if model == "words":
        raw = (Field(name="word", type="String"), Field(name="n", type="Int64"))

        def by_word(frame: Any) -> ModelScores:
            chance = (frame["word"] == "yes").fill_null(False).to_numpy() * 0.8 + 0.1
            return ModelScores((chance > 0.5), np.stack([1 - chance, chance], axis=1))

        signature = Signature(
            raw=raw, features=raw, output="both", task="binary", classes=("false", "true"), label="Boolean"
        )
        return LoadedVersion(model=model, number=number, signature=signature, predict=by_word)
    raw = tuple(Field(name=name, type="Float64") for name in FIELDS)

    def fast(rows: Any) -> ModelScores:
        return ModelScores(number * rows.sum(axis=1), None)

    return LoadedVersion(
        model=model, number=number, fast=fast, predict=lambda frame: fast(frame.to_numpy()),
        signature=Signature(raw=raw, features=raw, output="label", task="regression", label="Float64"),
    )  # fmt: skip


class Folder:
    """Source and sink: routes are read from a file, what is logged is appended to another and synced."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def mark(self) -> object:
        return (self.folder / "routes.json").stat().st_mtime_ns

    def routes(self) -> Any:
        from comporta.records import Route, Share, decode

        said = decode((self.folder / "routes.json").read_bytes(), dict[str, tuple[Share, ...]])
        return {model: Route(model=model, shares=shares, history=()) for model, shares in said.items()}

    def load(self, model: str, number: int) -> Any:
        return loaded(model, number)

    def write(self, model: str, rows: Sequence[Any]) -> None:
        from comporta.records.observed_rows import decode_block, observations_in

        self._append("observations", [row for block in rows for row in observations_in(decode_block(block))])

    def feedback(self, told: Sequence[Any]) -> None:
        self._append("feedback", told)

    def signatures(self, ids: Sequence[str]) -> dict[str, Any]:
        return {}

    def _append(self, name: str, rows: Sequence[Any]) -> None:
        with (self.folder / f"{name}.jsonl").open("ab") as file:
            file.write(msgspec.json.Encoder().encode_lines(rows))
            file.flush()
            os.fsync(file.fileno())


def main(folder: Path, port: int, *flags: str) -> None:
    from comporta.http.connection import BoundedConnection
    from comporta.serve import serve

    if "usual" in flags:
        import comporta.serve.server as run

        run.FastConnection = BoundedConnection  # type: ignore[attr-defined,assignment,misc]
    here = Folder(folder)
    serve(
        here, here, key=b"r" * 32, port=port, durable="durable" in flags, poll=0.05,
        say=lambda line: print(line, flush=True),
    )  # fmt: skip


# The tests.


class Running:
    """A server process. routes: model → version."""

    def __init__(self, folder: Path, routes: dict[str, int], *flags: str) -> None:
        self.folder = folder
        self.release(routes)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        command = [sys.executable, __file__, str(folder), str(self.port), *flags]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        end = time.monotonic() + 60
        while time.monotonic() < end and self.process.poll() is None:
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{self.url}/v2/health/ready").status_code == 200:
                    return
            time.sleep(0.05)
        self.process.kill()
        raise AssertionError(f"the server did not start: {self.process.communicate()[0]}")

    def release(self, routes: dict[str, int]) -> None:
        shares = {model: [{"version": number, "weight": 1.0}] for model, number in routes.items()}
        fresh = self.folder / "routes.new"
        fresh.write_text(json.dumps(shares))
        fresh.replace(self.folder / "routes.json")

    def logged(self) -> list[str]:
        file = self.folder / "observations.jsonl"
        lines = file.read_bytes().split(b"\n")[:-1] if file.exists() else []
        return [json.loads(line)["id"] for line in lines]

    def end(self, number: int = signal.SIGTERM) -> str:
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.communicate(timeout=60)[0]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("serve"), {"sum": 1, "words": 1})
    yield running
    running.end()


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The same without the short way."""
    running = Running(tmp_path_factory.mktemp("usual"), {"sum": 1, "words": 1}, "usual")
    yield running
    running.end()


class Asking:
    """Clients that ask without pause. answers: (time it came, version, prediction id)."""

    def __init__(self, running: Running, clients: int = 4) -> None:
        self.running, self.ending = running, threading.Event()
        self.answers: list[tuple[float, str, str]] = []
        self.failed: list[str] = []
        self.threads = [threading.Thread(target=self.ask) for _ in range(clients)]

    def ask(self) -> None:
        with httpx.Client(base_url=self.running.url) as client:
            while not self.ending.is_set():
                try:
                    reply = client.post(INFER, json=BODY)
                except httpx.TransportError as error:
                    self.failed.append(repr(error))
                    return
                if reply.status_code != 200:
                    self.failed.append(reply.text)
                    return
                said = reply.json()
                self.answers.append((time.monotonic(), said["model_version"], said["id"]))

    def wait_for(self, version: str) -> None:
        """Until an answer comes that this version gave."""
        seen, until = len(self.answers), time.monotonic() + 30
        while not self.failed and version not in (each for _, each, _ in self.answers[seen:]):
            assert time.monotonic() < until, f"version {version} gave no answer"
            time.sleep(0.02)

    def __enter__(self) -> Asking:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.ending.set()
        for thread in self.threads:
            thread.join(30)


@pytest.mark.parametrize("binary", [False, True], ids=["json", "binary"])
def test_the_reference_client_is_served(server: Running, binary: bool) -> None:
    import tritonclient.http as triton

    client = triton.InferenceServerClient(f"127.0.0.1:{server.port}")
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("sum")
    assert client.is_model_ready("sum", "1")
    assert client.get_server_metadata()["name"] == "comporta"
    assert client.get_model_metadata("sum")["outputs"][0]["name"] == "prediction"
    rows = np.array([[1.0, 2.0, 3.5], [0.0, 0.0, 0.25]])
    tensor = triton.InferInput("m", [2, 3], "FP64")
    tensor.set_data_from_numpy(rows, binary_data=binary)
    wanted = None if binary else [triton.InferRequestedOutput("prediction", binary_data=False)]
    answer = client.infer("sum", [tensor], request_id="mine", outputs=wanted)
    assert answer.as_numpy("prediction").tolist() == [6.5, 0.25]
    assert answer.get_response()["id"] == "mine"
    ids = answer.as_numpy("prediction_id")
    assert ids.shape == (2,)
    index = client.get_model_repository_index()
    assert {"name": "sum", "version": "1", "state": "READY", "reason": ""} in index
    config = client.get_model_config("sum", "1")
    assert config["input"][0] == {"name": "a", "data_type": "TYPE_FP64", "dims": [-1]}
    assert config["output"][0]["name"] == "prediction" and config["max_batch_size"] == 0
    (stats,) = client.get_inference_statistics("sum")["model_stats"]
    assert (stats["name"], stats["version"]) == ("sum", "1")
    success = stats["inference_stats"]["success"]
    assert success["count"] == stats["execution_count"] > 0 and success["ns"] > 0
    assert stats["inference_count"] > stats["execution_count"]
    everyone = client.get_inference_statistics()["model_stats"]
    assert {each["name"] for each in everyone} == {"sum", "words"}
    with pytest.raises(triton.InferenceServerException, match="found no model 'none'"):
        client.infer("none", [tensor])
    client.close()


@pytest.mark.parametrize("binary", [False, True], ids=["json", "binary"])
def test_the_reference_client_sends_words(server: Running, binary: bool) -> None:
    import tritonclient.http as triton

    client = triton.InferenceServerClient(f"127.0.0.1:{server.port}")
    word = triton.InferInput("word", [2, 1], "BYTES")
    word.set_data_from_numpy(np.array([["yes"], ["não"]], dtype=object), binary_data=binary)
    number = triton.InferInput("n", [2, 1], "INT64")
    number.set_data_from_numpy(np.array([[1], [2**60 + 1]], dtype=np.int64), binary_data=binary)
    answer = client.infer("words", [word, number], parameters={"unit": "u", "key": "k"})
    assert answer.as_numpy("probability").tolist() == pytest.approx([0.9, 0.1])
    assert answer.as_numpy("label").tolist() == [True, False]
    client.close()


def test_feedback_that_was_accepted_is_on_disk(server: Running) -> None:
    said = httpx.post(server.url + INFER, json=BODY).json()
    told = httpx.post(f"{server.url}/feedback", json={"id": said["id"], "label": 6.5})
    assert told.json() == {"accepted": 1}
    kept = json.loads((server.folder / "feedback.jsonl").read_bytes().splitlines()[-1])
    assert (kept["id"], kept["label"]) == (said["id"], 6.5)


def test_killed_it_loses_at_most_what_it_answered_in_the_last_second(tmp_path: Path) -> None:
    running = Running(tmp_path, {"sum": 1})
    with Asking(running) as asking:
        time.sleep(1.0)
        killed = time.monotonic()
        running.end(signal.SIGKILL)
    kept = set(running.logged())
    lost = [at for at, _, prediction in asking.answers if prediction not in kept]
    assert len(asking.answers) > 50
    assert all(at > killed - 1.0 for at in lost)


def test_killed_in_durable_mode_it_loses_nothing_that_it_answered(tmp_path: Path) -> None:
    running = Running(tmp_path, {"sum": 1}, "durable")
    with Asking(running) as asking:
        time.sleep(0.7)
        running.end(signal.SIGKILL)
    kept = set(running.logged())
    assert len(asking.answers) > 20
    assert all(prediction in kept for _, _, prediction in asking.answers)


def test_told_to_end_it_answers_what_it_has_writes_all_and_exits_with_0(tmp_path: Path) -> None:
    running = Running(tmp_path, {"sum": 1})
    with Asking(running) as asking:
        time.sleep(0.5)
        said = running.end(signal.SIGTERM)
    assert running.process.returncode == 0, said
    assert sorted(running.logged()) == sorted(prediction for _, _, prediction in asking.answers)
    # Each client was told to close, and found nobody when it came again.
    assert asking.failed
    assert all("ConnectError" in fault for fault in asking.failed)


def test_versions_change_under_load_without_a_failed_request(tmp_path: Path) -> None:
    running = Running(tmp_path, {"sum": 1})
    with Asking(running) as asking:
        for version in (1, 2, 3, 1):
            running.release({"sum": version})
            asking.wait_for(str(version))
        asking.ending.set()
    running.end()
    assert asking.failed == []
    versions = [version for _, version, _ in sorted(asking.answers)]
    changes = [one for one, before in zip(versions, ["", *versions], strict=False) if one != before]
    assert [changes[0], changes[-1], set(changes)] == ["1", "1", {"1", "2", "3"}]


def test_a_port_that_is_taken_is_one_clear_error(server: Running, tmp_path: Path) -> None:
    from comporta.errors import BadProject
    from comporta.serve import serve

    here = Folder(tmp_path)
    with pytest.raises(BadProject, match=f"{server.port}: cannot listen there"):
        serve(here, here, key=b"r" * 32, port=server.port)


# What a socket may bring. The short way and the usual one must give the same answers.


def post(body: bytes, *headers: str, path: str = INFER, version: str = "1.1") -> bytes:
    lines = [f"POST {path} HTTP/{version}", "Host: localhost", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


GOOD = json.dumps(BODY).encode()
BAD = GOOD.replace(b"3.5", b"null,1")
LARGE = json.dumps(
    {"inputs": [{"name": "m", "shape": [9000, 3], "datatype": "FP64", "data": [0.5] * 27_000}]}
).encode()
CHUNKS = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (GOOD[:20], GOOD[20:], b""))
CHUNKED = f"POST {INFER} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n".encode() + CHUNKS
SENT: dict[str, tuple[bytes, ...]] = {
    "one request": (post(GOOD),),
    "two, one after the other": (post(GOOD), post(GOOD)),
    "a good one after a bad one": (post(BAD), post(GOOD)),
    "a bad one after a good one": (post(GOOD), post(BAD)),
    "three at once": (post(GOOD) + post(GOOD) + post(GOOD),),
    "three at once, one of them bad": (post(GOOD) + post(BAD) + post(GOOD),),
    "another path between": (post(GOOD) + b"GET /v2 HTTP/1.1\r\nHost: localhost\r\n\r\n" + post(GOOD),),
    "in many pieces": tuple(post(GOOD)[at : at + 7] for at in range(0, len(post(GOOD)), 7)),
    "head and body apart": (post(GOOD)[: -len(GOOD)], GOOD),
    "one and a half, then the rest": (post(GOOD) + post(GOOD)[:90], post(GOOD)[90:]),
    "a large body": (post(LARGE),),
    "a body in chunks": (CHUNKED,),
    "a wish to close": (post(GOOD, "Connection: close"),),
    "HTTP 1.0": (post(GOOD, version="1.0"),),
    "a wish to be asked first": (post(GOOD, "Expect: 100-continue"),),
    "an empty body": (post(b""),),
    "no host of ours": (post(GOOD).replace(b"localhost", b"elsewhere"),),
    "a page's request": (post(GOOD, "Origin: http://elsewhere"),),
    "another type": (post(GOOD, "Content-Type: text/html"),),
    "packed": (post(GOOD, "Content-Encoding: gzip"),),
    "a model that is not there": (post(GOOD, path="/v2/models/none/infer"),),
    "a path with escapes": (post(GOOD, path="/v2/models/%73um/infer"),),
    "an upgrade": (post(GOOD, "Connection: Upgrade", "Upgrade: websocket"),),
    "not HTTP": (b"\x16\x03\x01 hello\r\n\r\n",),
    "a head without end": (b"POST " + b"/" * 40_000,),
    "headers without end": (b"GET /v2 HTTP/1.1\r\n" + b"X-Y: zzzzzzzzzzzzzzzz\r\n" * 3000,),
}


LAST = b"GET /v2/health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def exchange(port: int, pieces: Sequence[bytes], last: bytes = LAST) -> list[tuple[int, Any]]:
    """Every answer to these bytes: its status, and its body less what differs each time.

    A last request that asks to close tells when all have come."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as link:
        for piece in pieces:
            with contextlib.suppress(ConnectionError):
                link.sendall(piece)
            if len(pieces) > 1:
                time.sleep(0.01)
        with contextlib.suppress(OSError):
            link.sendall(last)
        data = b""
        link.settimeout(10.0 if last else 0.5)
        with contextlib.suppress(TimeoutError, ConnectionError):
            while more := link.recv(1 << 20):
                data += more
    answers = []
    while data:
        head, _, data = data.partition(b"\r\n\r\n")
        status = int(head.split()[1])
        size = next(
            (int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if b"content-length" in line), 0
        )
        body, data = data[:size], data[size:]
        try:
            said = json.loads(body)
        except ValueError:
            said = body.decode(errors="replace")
        if isinstance(said, dict):
            said.pop("id", None)
            said["outputs"] = [each for each in said.get("outputs", []) if each["name"] != "prediction_id"]
        answers.append((status, said))
    return answers


@pytest.mark.parametrize("name", SENT)
def test_the_short_way_and_the_usual_one_answer_alike(server: Running, usual: Running, name: str) -> None:
    # After an upgrade it is left open whether the last request is read.
    last = b"" if name == "an upgrade" else LAST
    short = exchange(server.port, SENT[name], last)
    assert short == exchange(usual.port, SENT[name], last)
    assert short, "no answer came"
    assert all(status < 500 for status, _ in short)


def test_many_requests_at_once_are_answered_in_their_order(server: Running) -> None:
    bodies = [json.dumps(BODY).replace("3.5", f"{number}.5").encode() for number in range(20)]
    bodies[7] = BAD
    answers = exchange(server.port, [b"".join(map(post, bodies))])[:-1]
    said = [body["outputs"][0]["data"][0] if status == 200 else None for status, body in answers]
    assert said == [None if number == 7 else 3.0 + number + 0.5 for number in range(20)]


def test_one_connection_serves_request_after_request(server: Running) -> None:
    link = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    for _ in range(3):
        link.request("POST", INFER, GOOD)
        assert link.getresponse().read().startswith(b'{"model_name":"sum"')
        time.sleep(0.1)
    link.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
