"""uvicorn's HTTP protocol with what it leaves open closed: how large a request's head may be, how long a head
and a body may take, what follows a request that asks for another protocol, and how a refusal arrives."""

from __future__ import annotations

import asyncio

import msgspec
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from comporta.errors import wording
from comporta.http.limits import (
    HEAD_BYTES,
    HEAD_SECONDS,
    LINGER_SECONDS,
    THROW_AWAY_SECONDS,
    RequestLimits,
    late_body,
)

SHORT_HEAD = 4096
"""A head that ends within so many bytes of its piece is not measured, unless pieces are large."""
_BULKY = HEAD_BYTES - SHORT_HEAD
_LONG_HEAD = wording("the headers: expected at most 32 KB.")
_TWO_HOSTS = wording("found one server in the request's target and another in its Host header.")
_LONG_FRAMES = wording(
    "the body: found more bytes around its chunks than in them. Send it whole, with its length."
)
_CROWDED = wording("this server has as many connections as it takes. Ask again later.")
_UPGRADE = wording(
    "the header Upgrade: found a body behind it, expected none: no other protocol is spoken here, and "
    "the rest is not read. Send it without that header (Java: HttpClient.Version.HTTP_1_1; curl: without "
    "--http2)."
)
# Bytes around the chunks of a body, their sizes, extensions and trailers, beside eight for each byte in them.
_FRAMES = 128 * 1024


class _RefusedError(Exception):
    """The request was answered with an error: nothing of it is parsed any more."""


class BoundedConnection(HttpToolsProtocol):
    """A connection whose requests have short heads and are soon whole; a refused one is told why."""

    limits = RequestLimits()
    # Bytes of the pieces that ended within a head; -1 within a body.
    _head = 0
    # Whether one piece was nearly as large as a head may be: from then on every head is measured.
    _bulky = False
    _timer: asyncio.TimerHandle | None = None
    _body_timer: asyncio.TimerHandle | None = None
    # Of a body that comes in pieces: bytes since the second one, and those of them that are the body's.
    _wire = _given = 0
    # Nothing is parsed any more, and what still comes is thrown away.
    _ended = False
    # It came where there were as many as there may be: the first request on it is refused.
    _crowded = False
    _lingers = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._crowded = len(self.connections) > self.limits.connections
        self._timer = self.loop.call_later(HEAD_SECONDS, self._too_slow)

    def data_received(self, data: bytes) -> None:
        if self._ended or self.transport.is_closing():
            self._throw_away()
            return
        size = len(data)
        if self._head >= 0:
            self._head += size
        if size > _BULKY:
            self._bulky = True
        super().data_received(data)
        # The usual request, whole in one piece, is over here.
        if self._head == 0 or self._ended:
            return
        if self._head > 0:
            if self._head > HEAD_BYTES:
                self.refuse(431, _LONG_HEAD)
            elif self._timer is None:
                self._timer = self.loop.call_later(HEAD_SECONDS, self._too_slow)
        else:
            self._in_body(size)

    def on_headers_complete(self) -> None:
        if self._bulky or self._head > SHORT_HEAD:
            self.require_short_head()
        if self._crowded:
            self.refuse(503, _CROWDED)
            raise _RefusedError
        if not self.url.startswith((b"/", b"*")):
            self._require_one_host()
        if self.parser.should_upgrade():
            self._require_no_body()
        self.head_done()
        super().on_headers_complete()
        cycle = self.cycle
        cycle.transport = _ClosingGently(self)  # type: ignore[assignment]
        if self.parser.should_upgrade():
            # No other protocol is spoken here. It is answered as it is, and nothing after it is read: where
            # it ends is a matter on which a proxy in front may think otherwise.
            cycle.keep_alive = False

    def on_chunk_header(self) -> None:
        """A body in chunks begins: what headers still come are trailers, and no part of the request."""
        self.headers = []

    def on_body(self, body: bytes) -> None:
        self._given += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self.message_done()
        if self.parser.should_upgrade():
            self._ended = True
        super().on_message_complete()

    def on_response_complete(self) -> None:
        if self._lingers:
            # It was told that the connection ends: what it sent beside is answered by nobody.
            self.pipeline.clear()
        if self._ended and not self.pipeline:
            self.server_state.total_requests += 1
            self.linger()
            return
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        if not self._ended:
            self.refuse(400, wording("the request is not HTTP/1.1."))

    def require_short_head(self) -> None:
        """Refuses a head that is too long, however it came. Raises what ends the parsing."""
        size = len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)
        if size > HEAD_BYTES:
            self.refuse(431, _LONG_HEAD)
            raise _RefusedError

    def _require_one_host(self) -> None:
        """Refuses a target that names another server than the `Host` header, which is the one looked at."""
        named = self.url.partition(b"://")[2].partition(b"/")[0].lower()
        if named != next((value for name, value in self.headers if name == b"host"), b"").lower():
            self.refuse(400, _TWO_HOSTS)
            raise _RefusedError

    def _require_no_body(self) -> None:
        """Refuses a request for another protocol that has a body: the parser stops where its head ends."""
        lengths = [value for name, value in self.headers if name == b"content-length"]
        if lengths not in ([], [b"0"]) or any(name == b"transfer-encoding" for name, _ in self.headers):
            self.refuse(400, _UPGRADE)
            raise _RefusedError

    def head_done(self) -> None:
        """The head is whole: from here on its bytes are not counted."""
        self._head = -1
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def message_done(self) -> None:
        """The next byte begins a head."""
        self._head = 0
        if self._body_timer is not None:
            self._body_timer.cancel()
            self._body_timer = None

    def refuse(self, status: int, message: str) -> None:
        """Answers with an error and ends the connection; where an earlier answer is due, ends after that."""
        self._stop_timers()
        self._ended = True
        cycle = self.cycle
        if cycle is not None and not cycle.response_complete:
            if self.pipeline or self._head >= 0 or cycle.response_started:
                if self.pipeline and self._head < 0:
                    self.pipeline.popleft()  # the newest: the one that is refused
                cycle.keep_alive = False
                return
            # It is this request's: whoever waits for its body learns that none comes.
            cycle.disconnected = True
            cycle.message_event.set()
        self.count_refused(status)
        body = msgspec.json.encode({"error": message})
        self.transport.write(
            STATUS_LINE[status]
            + (b"retry-after: 1\r\n" if status == 503 else b"")
            + b"content-type: application/json\r\ncontent-length: %d\r\n" % len(body)
            + b"connection: close\r\n\r\n"
            + body
        )
        self.linger()

    def count_refused(self, status: int) -> None:
        """Told of each request that the connection itself answers."""

    def close_gently(self) -> None:
        """Closes after an answer. Where its request is still being sent, a reset would overtake the answer:
        what comes is thrown away for a while."""
        if self._head >= 0 and not self.pipeline and not self._ended:
            self.transport.close()
        else:
            self.linger()

    def linger(self) -> None:
        """No more is sent; what comes is thrown away until the client closes, or for `LINGER_SECONDS`."""
        if self._lingers or self.transport.is_closing():
            return
        self._stop_timers()
        self._ended = self._lingers = True
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.flow.resume_reading()
        self._timer = self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timers()
        super().connection_lost(exc)

    def _throw_away(self) -> None:
        """What comes after a refusal is read slowly: it must not take the time of others."""
        if self._lingers and not self.transport.is_closing() and not self.flow.read_paused:
            self.flow.pause_reading()
            self.loop.call_later(THROW_AWAY_SECONDS, self._read_on)

    def _read_on(self) -> None:
        if not self.transport.is_closing():
            self.flow.resume_reading()

    def _in_body(self, size: int) -> None:
        """A piece came, and the body goes on."""
        if self._body_timer is None:
            self._wire = self._given = 0
            self._body_timer = self.loop.call_later(self.limits.seconds, self._too_late)
            return
        self._wire += size
        if self._wire > _FRAMES + 9 * self._given:
            self.refuse(400, _LONG_FRAMES)

    def _too_slow(self) -> None:
        self._timer = None
        if not self.transport.is_closing():
            self.transport.close()

    def _too_late(self) -> None:
        self._body_timer = None
        if self._ended or self.transport.is_closing():
            return
        if self.pipeline:
            # Its predecessor is not answered yet, and we do not read until it is.
            self._body_timer = self.loop.call_later(self.limits.seconds, self._too_late)
            return
        self.refuse(408, late_body(self.limits.seconds))

    def _stop_timers(self) -> None:
        for timer in (self._timer, self._body_timer):
            if timer is not None:
                timer.cancel()
        self._timer = self._body_timer = None


class _ClosingGently:
    """What a response is written to: the connection's transport, but for how it closes."""

    __slots__ = ("_connection", "is_closing", "write")

    def __init__(self, connection: BoundedConnection) -> None:
        self._connection = connection
        self.write, self.is_closing = connection.transport.write, connection.transport.is_closing

    def close(self) -> None:
        self._connection.close_gently()
