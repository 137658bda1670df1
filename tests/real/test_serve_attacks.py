"""Bytes on a socket that no client of good will sends: each is answered or ended, and harms no other."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import uvicorn

from comporta.http.listening import listen
from comporta.records import Field, Share, Signature
from comporta.serve import App, LoadedVersion, ModelScores, ServeLimits
from comporta.serve.server import uvicorn_config
from comporta.testing.serving import MemorySink, MemorySource

FIELDS = tuple(Field(name=name, type="Float64") for name in "abc")
INFER, ROWS = "/v2/models/sum/infer", "/invocations"
BODY = {"inputs": [{"name": "m", "shape": [1, 3], "datatype": "FP64", "data": [1.0, 2.0, 3.5]}]}
GOOD = json.dumps(BODY).encode()
LIVE = b"GET /v2/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
MB = 2**20
BLANKS = (b" " * 1023 + b"\n") * (15 * 1024)


def load(model: str, number: int) -> LoadedVersion:
    """The sum of each row."""

    def fast(rows: Any) -> ModelScores:
        return ModelScores(rows.sum(axis=1), None)

    signature = Signature(raw=FIELDS, features=FIELDS, output="label", task="regression", label="Float64")
    return LoadedVersion(
        model=model,
        number=number,
        signature=signature,
        fast=fast,
        predict=lambda frame: fast(frame.to_numpy()),
    )


class Server:
    """A server in a thread, on a socket of its own. seconds: that a body may take."""

    def __init__(self, seconds: float = 30.0, connections: int = 200) -> None:
        source = MemorySource(load, {"sum": (Share(version=1, weight=1.0),)})
        self.app = App(
            source, MemorySink(), key=b"r" * 32, flush=0.01, say=lambda line: None,
            limits=ServeLimits(seconds=seconds, bodies=20 * MB, connections=connections),
        )  # fmt: skip
        self.listener = listen("127.0.0.1", 0)
        self.port = self.listener.getsockname()[1]
        self.server = uvicorn.Server(uvicorn_config(self.app, grace=1.0))
        self.thread = threading.Thread(
            target=lambda: asyncio.run(self.server.serve(sockets=[self.listener])), daemon=True
        )
        self.thread.start()
        until = time.monotonic() + 30
        while not self.app.serving.ready and time.monotonic() < until:
            time.sleep(0.01)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def close(self) -> None:
        self.server.should_exit = True
        self.thread.join(20)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


@pytest.fixture(scope="module")
def hasty() -> Iterator[Server]:
    running = Server(seconds=1.0)
    yield running
    running.close()


def head(path: str, size: int | str, *more: str, kind: str = "application/json") -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Type: {kind}", *more]
    return "\r\n".join([*lines, f"Content-Length: {size}", "", ""]).encode()


def read(link: socket.socket) -> tuple[list[int], bytes, bool]:
    """Statuses of all answers, all bytes, and whether the end came in order and not as a reset."""
    data, orderly = b"", True
    try:
        while more := link.recv(1 << 16):
            data += more
    except ConnectionError:
        orderly = False
    except TimeoutError:
        orderly = False
    return [int(part[:3]) for part in data.split(b"HTTP/1.1 ")[1:]], data, orderly


def read_one(link: socket.socket) -> bytes:
    try:
        return link.recv(1 << 16)
    except ConnectionError:
        return b""


def send_all(link: socket.socket, data: bytes) -> None:
    with contextlib.suppress(ConnectionError):
        link.sendall(data)


@pytest.mark.parametrize(
    ("path", "size", "more"),
    [(INFER, 40 * MB, ()), (INFER, 40 * MB, ("Connection: close",)), ("/nowhere", 12 * MB, ())],
    ids=["too long", "too long and closing", "no such path"],
)
def test_a_refusal_arrives_though_the_body_is_still_being_sent(server, path, size, more) -> None:
    with server.connect() as link:
        link.sendall(head(path, size, *more))
        for _ in range(size // MB):
            link.sendall(b"1" * MB)  # a reset would raise here
        statuses, data, orderly = read(link)
    assert statuses == [413 if path == INFER else 404], data[:200]
    assert b"connection: close" in data
    assert orderly


def test_a_chunked_body_above_the_limit_is_answered_while_it_is_sent(server) -> None:
    with server.connect() as link:
        link.sendall(head(INFER, 0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked"))
        for _ in range(20):
            send_all(link, b"100000\r\n" + b" " * MB + b"\r\n")
        statuses, _, orderly = read(link)
    assert statuses == [413]
    assert orderly


@pytest.mark.parametrize(
    "sent",
    [head(INFER, 400), head(INFER, 400) + b"{", head(ROWS, 400), head(ROWS, 400) + b"{"],
    ids=["infer, none of it", "infer, some of it", "invocations, none of it", "invocations, some of it"],
)
@pytest.mark.parametrize("trickle", [False, True])
def test_a_body_that_does_not_come_ends_when_its_time_is_over(hasty, sent, trickle) -> None:
    began = time.monotonic()
    with hasty.connect() as link:
        link.sendall(sent)
        if trickle:
            for _ in range(7):
                time.sleep(0.2)
                send_all(link, b" ")
        statuses, data, orderly = read(link)
        took = time.monotonic() - began
    assert statuses == [408], data
    assert b"connection: close" in data
    assert orderly
    assert 0.9 < took < 2.5


def big_head(size: int) -> bytes:
    return b"GET /v2 HTTP/1.1\r\nHost: localhost\r\n" + b"X-Y: " + b"z" * size + b"\r\n\r\n"


@pytest.mark.parametrize("piece", [1 << 20, 40_000, 5_000])
def test_a_head_above_the_limit_is_refused_whatever_pieces_it_comes_in(server, piece) -> None:
    for before in (b"", LIVE):
        with server.connect() as link:
            data = before + big_head(33_000)
            for at in range(0, len(data), piece):
                send_all(link, data[at : at + piece])
                time.sleep(0.01)
            statuses, _, orderly = read(link)
        # Where an answer is due to the request before, the connection ends after that.
        assert statuses in ([[200, 431], [200]] if before else [[431]])
        assert orderly


def test_what_the_connection_itself_refuses_is_counted(server) -> None:
    with server.connect() as link:
        send_all(link, big_head(40_000))
        assert read(link)[0] == [431]
    with server.connect() as link:
        link.sendall(
            LIVE.replace(b"/v2/health/live", b"/metrics").replace(
                b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"
            )
        )
        assert b'comporta_requests_total{route="none",status="431"}' in read(link)[1]


def test_a_head_below_the_limit_is_served_though_much_comes_with_it(server) -> None:
    with server.connect() as link:
        padded = GOOD + b" " * 60_000
        link.sendall(
            (head(INFER, len(padded)) + padded) * 2
            + big_head(20_000).replace(b"X-Y", b"Connection: close\r\nX-Y")
        )
        statuses, data, _ = read(link)
    assert statuses == [200, 200, 200], data[-300:]


def test_frames_around_chunks_without_end_are_refused(server) -> None:
    with server.connect() as link:
        link.sendall(head(INFER, 0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked"))
        link.sendall(b"1;" + b"e" * 1000)
        for _ in range(20):
            time.sleep(0.005)
            send_all(link, b"e" * 20_000)
        statuses, _, orderly = read(link)
    assert statuses == [400]
    assert orderly


@pytest.mark.parametrize("upgrade", ["websocket", "h2c", "TLS/1.0"])
@pytest.mark.parametrize("apart", [False, True], ids=["at once", "apart"])
def test_a_request_to_upgrade_is_answered_once_and_nothing_after_it_is_read(server, upgrade, apart) -> None:
    hidden = head(INFER, len(GOOD)) + GOOD
    for first in (
        head(INFER, len(GOOD), "Connection: Upgrade", f"Upgrade: {upgrade}") + GOOD,
        head(INFER, len(hidden), "Connection: Upgrade", f"Upgrade: {upgrade}"),
        LIVE.replace(b"\r\n\r\n", b"\r\nConnection: Upgrade\r\nUpgrade: %b\r\n\r\n" % upgrade.encode()),
    ):
        with server.connect() as link:
            for piece in (first, hidden) if apart else (first + hidden,):
                link.sendall(piece)
                time.sleep(0.05)
            statuses, data, orderly = read(link)
        assert len(statuses) == 1, data
        assert orderly


def test_a_body_behind_a_request_to_upgrade_is_refused_with_what_to_change(server) -> None:
    with server.connect() as link:
        link.sendall(head(INFER, len(GOOD), "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c") + GOOD)
        statuses, data, orderly = read(link)
    assert (statuses, orderly) == ([400], True)
    assert b"the header Upgrade: found a body behind it, expected none" in data


LENGTH = f"Content-Length: {len(GOOD)}"
CHUNKED = "Transfer-Encoding: chunked"
CHUNKS = b"%x\r\n%b\r\n0\r\n\r\n" % (len(GOOD), GOOD)
AMBIGUOUS: dict[str, tuple[tuple[str, ...], bytes]] = {
    "chunks and a length": ((CHUNKED, "Content-Length: 4"), CHUNKS),
    "a length and chunks": ((f"Content-Length: {len(CHUNKS)}", CHUNKED), CHUNKS),
    "two lengths": ((LENGTH, "Content-Length: 0"), GOOD),
    "a list of lengths": ((f"{LENGTH}, 0",), GOOD),
    "a length with a sign": ((f"Content-Length: +{len(GOOD)}",), GOOD),
    "an unknown coding": (("Transfer-Encoding: xchunked",), CHUNKS),
    "a coding before the chunks": (("Transfer-Encoding: gzip, chunked",), CHUNKS),
    "two codings": ((CHUNKED, "Transfer-Encoding: identity"), CHUNKS),
    "a blank before the colon": ((f"Content-Length : {len(GOOD)}",), GOOD),
    "a folded header": (("X: a", f"\t{LENGTH}"), GOOD),
    "a line end of one character": ((f"X: a\n{CHUNKED}", LENGTH), GOOD),
    "a zero byte": (("X: a\0b", LENGTH), GOOD),
    "a negative chunk": ((CHUNKED,), b"-5\r\n"),
    "a chunk that is longer than it says": ((CHUNKED,), b"5\r\nabcdefgh\r\n0\r\n\r\n"),
}


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_what_a_proxy_may_read_otherwise_is_refused_and_nothing_after_it_is_read(server, name) -> None:
    headers, body = AMBIGUOUS[name]
    lines = [f"POST {INFER} HTTP/1.1", "Host: localhost", *headers, "", ""]
    with server.connect() as link:
        link.sendall("\r\n".join(lines).encode() + body + head(INFER, len(GOOD)) + GOOD)
        statuses, data, orderly = read(link)
    assert statuses == [400], data
    assert orderly


@pytest.mark.parametrize("refused", [head(INFER, 2, "Content-Encoding: br"), head("/nowhere", 2)])
def test_what_is_sent_behind_a_refused_request_is_not_answered_and_not_kept(server, refused) -> None:
    kept = len(server.app.recorder.sink.observations)
    with server.connect() as link:
        link.sendall(refused + b"{}" + (head(INFER, len(GOOD)) + GOOD) * 3)
        statuses, data, orderly = read(link)
    assert statuses in ([415], [404]), data
    assert orderly
    time.sleep(0.1)
    assert len(server.app.recorder.sink.observations) == kept


def test_a_target_that_names_another_server_than_the_host_header_is_refused(server) -> None:
    for target, status in ((b"http://elsewhere/v2", 400), (b"http://LOCALHOST/v2", 200), (b"*", 404)):
        with server.connect() as link:
            link.sendall(b"GET %b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" % target)
            statuses, data, _ = read(link)
        assert statuses == [status], data


def test_a_trailer_is_no_header(server) -> None:
    for trailer in (b"Host: elsewhere", b"Inference-Header-Content-Length: 3", b"Origin: http://elsewhere"):
        chunks = CHUNKS.removesuffix(b"\r\n") + trailer + b"\r\n\r\n"
        with server.connect() as link:
            link.sendall(
                head(INFER, 0, "Connection: close").replace(b"Content-Length: 0", CHUNKED.encode()) + chunks
            )
            statuses, data, _ = read(link)
        assert statuses == [200], data


@pytest.mark.parametrize("path", [INFER, ROWS, "/v2"])
@pytest.mark.parametrize("header", ["Host: localhost", "Host: elsewhere", "Content-Type: text/csv"])
def test_a_header_that_there_is_one_of_is_refused_twice(server, path, header) -> None:
    with server.connect() as link:
        link.sendall(head(path, len(GOOD), header, "Connection: close") + GOOD)
        statuses, data, _ = read(link)
    assert statuses == [400]
    assert header.partition(":")[0].lower().encode() in data


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress, lambda data: zlib.compress(data)[2:-4]])
def test_a_packed_body_is_read_within_the_limit_after_unpacking(
    server, pack: Callable[[bytes], bytes]
) -> None:
    encoding = "gzip" if pack is gzip.compress else "deflate"

    def answer(data: bytes) -> tuple[list[int], bytes]:
        with server.connect() as link:
            send_all(
                link, head(INFER, len(data), f"Content-Encoding: {encoding}", "Connection: close") + data
            )
            return read(link)[:2]

    statuses, data = answer(pack(GOOD + BLANKS[:200_000]))
    assert statuses == [200]
    assert b'"data":[6.5]' in data
    assert answer(pack(GOOD)[:-9])[0] == [400]
    bomb = pack(b" " * (20 * MB))
    assert len(bomb) < MB
    assert answer(bomb)[0] == [413]


ONES = b"1\n" * (8 * MB)
ATTACKS = {
    "lines of ones": (ROWS, "text/csv", b"a,b,c\n" + ONES),
    "a line of ones": (ROWS, "text/csv", b"a,b,c\n" + b"1," * (8 * MB - 10)),
    "nested lists": (ROWS, "application/json", b'{"inputs": [' + b"[]," * (5 * MB)),
    "inputs": (INFER, "application/json", b'{"inputs": [' + json.dumps(BODY["inputs"][0]).encode() * 190_000),
    "labels": ("/feedback", "application/json", b"[" + b"{}," * (5 * MB)),
    "keys": (ROWS, "application/json", b'{"inputs": {' + b'"a":[],' * (2 * MB)),
    "a number": (INFER, "application/json", b'{"inputs":[{"data":[' + b"1" * (16 * MB)),
    "a text": (ROWS, "application/json", b'{"inputs":[["' + rb"\"" * (8 * MB)),
    "a cell": (ROWS, "text/csv", b"a,b,c\n" + "é".encode() * (8 * MB)),
    "blanks": (ROWS, "application/json", b'{"inputs":[[' + b" " * (16 * MB)),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_a_body_of_too_many_or_too_long_values_is_refused_before_it_is_all_there(server, name) -> None:
    path, kind, body = ATTACKS[name]
    body = body[: 16 * MB]
    with server.connect() as link:
        link.sendall(head(path, len(body), kind=kind))
        link.sendall(body[: len(body) // 2])
        assert link.recv(1 << 16).startswith(b"HTTP/1.1 413")


def test_bodies_in_flight_share_a_budget_and_give_it_back(server) -> None:
    def answer(rest: bytes) -> bytes:
        with server.connect() as link:
            send_all(link, head(ROWS, 15 * MB) + BLANKS[: 15 * MB - len(rest)] + rest)
            return read_one(link)

    with server.connect() as first:
        first.sendall(head(ROWS, 15 * MB) + BLANKS[: 14 * MB])
        # Of 20 MB the first holds 14, once they are read.
        until = time.monotonic() + 10
        while (second := answer(b"{}"))[9:12] != b"503" and time.monotonic() < until:
            time.sleep(0.05)
        assert second.startswith(b"HTTP/1.1 503")
        assert b"retry-after: 1" in second
    until = time.monotonic() + 10
    while (third := answer(b"{}"))[9:12] == b"503" and time.monotonic() < until:
        time.sleep(0.05)
    assert third.startswith(b"HTTP/1.1 400")  # it was read


def test_beyond_its_connections_the_new_one_is_refused_and_those_before_go_on() -> None:
    crowded = Server(connections=2)
    try:
        with crowded.connect() as first, crowded.connect() as second, crowded.connect() as third:
            assert lives(first) and lives(second)
            third.sendall(head(INFER, len(GOOD)) + GOOD)
            statuses, data, orderly = read(third)
            assert (statuses, orderly) == ([503], True)
            assert b"retry-after: 1" in data and b"as many connections as it takes" in data
            assert lives(first)
    finally:
        crowded.close()


def lives(link: socket.socket) -> bool:
    """Whether the server answers on this connection."""
    link.sendall(LIVE)
    data = b""
    while b"true}" not in data and (more := link.recv(1 << 16)):
        data += more
    return data.startswith(b"HTTP/1.1 200")
