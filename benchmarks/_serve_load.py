"""A load generator for one HTTP server: keep-alive connections, each asking again once answered.

Light on purpose: requests are encoded beforehand, and an answer is looked at only as far as its length and
status, but for one in `CHECKED`, which is handed on whole.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Sequence

import uvloop

CHECKED = 50


class Connection(asyncio.Protocol):
    """One client. answers: (which request, its body) of those kept to be checked."""

    def __init__(self, requests: Sequence[bytes], start: int) -> None:
        self.requests, self.at = requests, start
        self.count, self.failed, self.times = 0, 0, []
        self.answers: list[tuple[int, bytes]] = []
        self.buffer, self.stop, self.sent = b"", False, 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport
        self.ask()

    def ask(self) -> None:
        self.sent = time.perf_counter()
        self.transport.write(self.requests[self.at])

    def data_received(self, data: bytes) -> None:
        if self.buffer:
            data = self.buffer + data
        end = data.find(b"\r\n\r\n")
        # Servers differ in the case of names; the length is all that is needed of the head.
        start = data.lower().find(b"content-length: ", 0, end)
        if end < 0 or start < 0 or len(data) < end + 4 + int(data[start + 16 : data.find(b"\r", start)]):
            self.buffer = data
            return
        self.buffer = b""
        self.count += 1
        self.times.append(time.perf_counter() - self.sent)
        if data[9:12] != b"200":
            self.failed += 1
        if self.count % CHECKED == 0:
            self.answers.append((self.at, data[end + 4 :]))
        self.at = (self.at + 1) % len(self.requests)
        if not self.stop:
            self.ask()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.stop:
            self.failed += 1


class Load:
    """What one round gave. rate: answers a second. p50, p99: milliseconds."""

    def __init__(self, connections: list[Connection], seconds: float) -> None:
        times = sorted(itertools.chain.from_iterable(each.times for each in connections))
        self.count, self.failed = len(times), sum(each.failed for each in connections)
        self.rate = self.count / seconds
        self.p50, self.p99 = (1e3 * times[int(len(times) * share)] if times else 0.0 for share in (0.5, 0.99))
        self.answers = [answer for each in connections for answer in each.answers]


async def _load(port: int, requests: Sequence[bytes], connections: int, seconds: float) -> Load:
    loop = asyncio.get_running_loop()
    clients = []
    started = time.perf_counter()
    for number in range(connections):
        client = Connection(requests, number % len(requests))
        await loop.create_connection(lambda client=client: client, "127.0.0.1", port)
        clients.append(client)
    await asyncio.sleep(seconds)
    for client in clients:
        client.stop = True
    took = time.perf_counter() - started
    result = Load(clients, took)
    for client in clients:
        client.transport.close()
    return result


def load(port: int, requests: Sequence[bytes], *, connections: int = 32, seconds: float = 2.0) -> Load:
    """One round against a server on this machine."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_load(port, requests, connections, seconds))


def post(path: str, body: bytes, headers: str = "") -> bytes:
    """An HTTP request, encoded. headers: further ones, each with its end of line."""
    head = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n{headers}"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body
