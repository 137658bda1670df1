"""Connections of one socket that several workers listen on, shared evenly among them.

Left to itself the worker that wakes first takes all that wait, and the others stay idle. Here each takes one
at a time, and leaves it for a moment to whoever has fewer.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable

from comporta.http.tls import HANDSHAKE_SECONDS
from comporta.serve.sibling_workers import SiblingWorkers

_YIELD_SECONDS = 0.002
_FULL_SECONDS = 0.5  # where the process has no descriptor left


class SharedListener:
    """Stands where uvicorn has an `asyncio.Server`. make: the protocol of a new connection.

    connections: how many this worker has. tls: what they are encrypted by; None: nothing."""

    def __init__(
        self,
        listener: socket.socket,
        make: Callable[[], asyncio.Protocol],
        connections: Callable[[], int],
        siblings: SiblingWorkers,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._listener, self._make, self._connections, self._siblings, self._tls = (
            listener, make, connections, siblings, tls,
        )  # fmt: skip
        self._loop = asyncio.get_running_loop()
        self._arriving: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._open = False

    def start(self) -> None:
        """Takes connections from now on."""
        self._open = True
        self.tell()
        self._loop.add_reader(self._listener, self._take_or_leave)

    def tell(self) -> None:
        """Tells the siblings how many connections there are here."""
        if self._open:
            self._siblings.take_connections(self._number)

    def close(self) -> None:
        """No new connection from now on; the socket stays open for the others."""
        if self._open:
            self._open = False
            self._loop.remove_reader(self._listener)
        if self._timer is not None:
            self._timer.cancel()
        self._listener.close()
        self._siblings.take_connections(0, present=False)

    async def wait_closed(self) -> None:
        """Nothing is left to wait for."""

    @property
    def _number(self) -> int:
        return self._connections() + len(self._arriving)

    def _take_or_leave(self) -> None:
        self.tell()
        if self._siblings.has_fewer(self._number):
            self._pause(_YIELD_SECONDS)
        else:
            self._take()

    def _take(self) -> None:
        try:
            link, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return  # another worker was quicker, or the client is gone
        except OSError:
            self._pause(_FULL_SECONDS)
            return
        link.setblocking(False)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        task = self._loop.create_task(self._attach(link))
        self._arriving.add(task)
        task.add_done_callback(self._arriving.discard)
        self.tell()

    async def _attach(self, link: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(
                self._make,
                link,
                ssl=self._tls,
                ssl_handshake_timeout=None if self._tls is None else HANDSHAKE_SECONDS,
            )
        except OSError:
            link.close()

    def _pause(self, seconds: float) -> None:
        self._loop.remove_reader(self._listener)
        self._timer = self._loop.call_later(seconds, self._resume)

    def _resume(self) -> None:
        """Once more, and whoever has fewer had the chance."""
        self._timer = None
        if self._open:
            self._loop.add_reader(self._listener, self._take_or_leave)
            self._take()
