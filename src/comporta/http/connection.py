"""uvicorn's HTTP protocol with what it leaves open closed: the size of a request's head, and its time."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from comporta.http.limits import HEAD_BYTES, HEAD_SECONDS

_SAYS = b'{"error":"the headers: expected at most 32 KB."}'
_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-type: application/json\r\n"
    b"content-length: %d\r\nconnection: close\r\n\r\n%b" % (len(_SAYS), _SAYS)
)


class BoundedConnection(HttpToolsProtocol):
    """A connection whose request line and headers must be short and arrive soon."""

    _head = 0
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._timer = self.loop.call_later(HEAD_SECONDS, self._too_slow)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self._head >= 0:
            self._head += len(data)
        super().data_received(data)
        # Still in the head after this piece: the usual request, whole in one piece, never comes here.
        if self._head > 0:
            if self._head > HEAD_BYTES:
                self.transport.write(_TOO_LARGE)
                self.transport.close()
            elif self._timer is None:
                self._timer = self.loop.call_later(HEAD_SECONDS, self._too_slow)

    def on_headers_complete(self) -> None:
        self.head_done()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self.message_done()
        super().on_message_complete()

    def head_done(self) -> None:
        """The head is whole: from here on its bytes are not counted."""
        self._head = -1
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def message_done(self) -> None:
        """The next byte begins a head."""
        self._head = 0

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        super().connection_lost(exc)

    def _too_slow(self) -> None:
        self._timer = None
        if not self.transport.is_closing():
            self.transport.close()
