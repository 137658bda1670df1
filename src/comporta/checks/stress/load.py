"""Requests to a server on this machine: many at a time for their latency, one at a time for their answers."""

from __future__ import annotations

import asyncio
import http.client
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Round(NamedTuple):
    """Answers of one round. seconds: of each that was 200, from its first byte sent to its last received.
    failed: answered otherwise, or not at all."""

    seconds: NDArray[np.float64]
    failed: int
    rate: float


class _Line(asyncio.Protocol):
    """One connection: asks again as soon as it is answered, until told to stop."""

    def __init__(self, requests: Sequence[bytes], at: int) -> None:
        self.requests, self.at, self.stop = requests, at, False
        self.times: list[float] = []
        self.failed, self.sent, self.buffer = 0, 0.0, b""
        self.idle = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._ask()

    def _ask(self) -> None:
        self.sent = time.perf_counter()
        self.transport.write(self.requests[self.at])
        self.at = (self.at + 1) % len(self.requests)

    def data_received(self, data: bytes) -> None:
        data = self.buffer + data if self.buffer else data
        end = data.find(b"\r\n\r\n")
        start = data.lower().find(b"content-length: ", 0, end)
        if end < 0 or start < 0 or len(data) < end + 4 + int(data[start + 16 : data.find(b"\r", start)]):
            self.buffer = data
            return
        self.buffer = b""
        if data[9:12] == b"200":
            self.times.append(time.perf_counter() - self.sent)
        else:
            self.failed += 1
        if self.stop:
            self._end()
        else:
            self._ask()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.idle.done():
            self.failed += 1
            self._end()

    def _end(self) -> None:
        if not self.idle.done():
            self.idle.set_result(None)


async def _round(url: str, requests: Sequence[bytes], connections: int, seconds: float) -> Round:
    loop, where = asyncio.get_running_loop(), urlsplit(url)
    host, port = where.hostname or "", where.port or 80
    began = time.perf_counter()
    lines = []
    for number in range(connections):
        line = _Line(requests, number * len(requests) // connections)
        await loop.create_connection(lambda line=line: line, host, port)  # type: ignore[misc]
        lines.append(line)
    await asyncio.sleep(seconds)
    for line in lines:
        line.stop = True
    late = {line.idle for line in lines}
    await asyncio.wait(late, timeout=10)
    took = time.perf_counter() - began
    failed = sum(line.failed + (not line.idle.done()) for line in lines)
    for line in lines:
        line.transport.close()
    times = np.concatenate([np.array(line.times, dtype=np.float64) for line in lines])
    return Round(times, failed, len(times) / took)


def load(url: str, requests: Sequence[bytes], *, connections: int, seconds: float) -> Round:
    """A closed loop: each connection asks again once answered. requests: whole, as `on_wire` has them."""
    return asyncio.run(_round(url, requests, connections, seconds))


def on_wire(path: str, body: bytes, headers: Sequence[tuple[str, str]] = (), method: str = "POST") -> bytes:
    """A request as it is sent: JSON unless a header says otherwise."""
    named = {"host": "127.0.0.1", "content-type": "application/json", "content-length": str(len(body))}
    named |= {name.lower(): value for name, value in headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body


def ask(
    url: str, path: str, body: bytes, headers: Sequence[tuple[str, str]] = (), method: str = "POST"
) -> tuple[int, bytes]:
    """Status and body of one request on a connection of its own; status 0 where no answer came."""
    where = urlsplit(url)
    line = http.client.HTTPConnection(where.hostname or "", where.port, timeout=10)
    try:
        line.request(method, path, body, {"Content-Type": "application/json", **dict(headers)})
        answer = line.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        line.close()
