"""The short way: a small prediction is answered where its last byte is read, without a task of its own.

ASGI costs a task, an event and two sends a request, more than all that the answer itself takes. A request
that is whole, small and for a known path needs none of them. Everything else goes the usual way, and so does
what the short way finds wrong: it says no more than "not by me", and the usual way says what.
"""

from __future__ import annotations

import asyncio
from typing import Any

from comporta.http.body import SMALL
from comporta.http.connection import SHORT_HEAD, BoundedConnection
from comporta.http.replies import JSON_ONLY, Reply
from comporta.serve.app import App
from comporta.serve.paths import MatchedPath

DRAIN_SECONDS = 0.5
_HEAD = b"HTTP/1.1 200 OK\r\n"


class FastConnection(BoundedConnection):
    """A connection on which small predictions take the short way."""

    _matched: MatchedPath | None = None
    _pieces = b""
    _idle_timer: asyncio.TimerHandle | None = None
    _last = 0.0
    _closing = False
    # What all answers begin with, made again when uvicorn renews the date, once a second.
    _dated: Any = None
    _prefix = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.limits = self._app.limits
        super().connection_made(transport)

    def on_headers_complete(self) -> None:
        if self._bulky or self._head > SHORT_HEAD:
            self.require_short_head()
        matched = self._app.hot.get(self.url)
        if matched is not None and self._fits():
            self._matched, self._pieces = matched, b""
            self.head_done()
        else:
            self._usual()

    def on_chunk_header(self) -> None:
        if self._matched is not None:
            self._release()
        super().on_chunk_header()

    def on_body(self, body: bytes) -> None:
        if self._matched is None:
            super().on_body(body)
            return
        if self._pieces:
            self._given += len(body)
            self._pieces += body
        else:
            self._pieces = body
        if len(self._pieces) > SMALL:
            self._release()

    def on_message_complete(self) -> None:
        if self._matched is not None:
            reply = self._app.answer_directly(self._matched, self.headers, self._pieces)
            if reply is not None:
                self._answer(reply)
                return
            self._release()
        super().on_message_complete()

    def shutdown(self) -> None:
        """No more after the next answer. Closed at once, a request already on its way would be lost."""
        self._closing = True
        if self._matched is None:
            if self.cycle is None or self.cycle.response_complete:
                self.loop.call_later(DRAIN_SECONDS, self._close_idle)
            else:
                super().shutdown()

    @property
    def ends_soon(self) -> bool:
        """Whether its next answer is the last."""
        return self._closing

    def end_soon(self) -> None:
        """No more after the next answer, which says so: a client comes again, and may find another worker."""
        self._closing = True

    def connection_lost(self, exc: Exception | None) -> None:
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        self._idle_timer = self._matched = None
        super().connection_lost(exc)

    @property
    def _app(self) -> App:
        app: App = self.app
        return app

    def _fits(self) -> bool:
        """Whether nothing about the connection asks for the usual way."""
        parser = self.parser
        return (
            parser.get_method() == b"POST"
            and (self.cycle is None or self.cycle.response_complete)
            and not self.pipeline
            and not self.expect_100_continue
            and not self.flow.write_paused
            and parser.get_http_version() == "1.1"
            and parser.should_keep_alive()
            and not parser.should_upgrade()
            and not self._crowded
        )

    def refuse(self, status: int, message: str) -> None:
        self._matched = None
        super().refuse(status, message)

    def count_refused(self, status: int) -> None:
        self._app.count_refused(status)

    def _answer(self, reply: Reply) -> None:
        self._matched = None
        self.message_done()
        state = self.server_state
        if self._dated is not state.default_headers:
            self._dated = state.default_headers
            self._prefix = _HEAD + b"".join(b"%b: %b\r\n" % header for header in self._dated)
        headers = (
            b"content-type: application/json\r\n"
            if reply.headers is JSON_ONLY
            else b"".join(b"%b: %b\r\n" % header for header in reply.headers)
        )
        ends = b"connection: close\r\n" if self._closing else b""
        size = b"content-length: %d\r\n\r\n" % len(reply.body)
        self.transport.write(b"".join((self._prefix, headers, ends, size, reply.body)))
        state.total_requests += 1
        if self._closing:
            self.transport.close()
            return
        self._last = self.loop.time()
        if self._idle_timer is None:
            self._idle_timer = self.loop.call_later(self.timeout_keep_alive, self._look_idle)

    def _release(self) -> None:
        """The usual way, from the point where it was left."""
        self._matched = None
        self._usual()
        if self._pieces:
            super().on_body(self._pieces)
            self._pieces = b""

    def _usual(self) -> None:
        super().on_headers_complete()
        if self._closing and self.cycle is not None:
            self.cycle.keep_alive = False

    def _close_idle(self) -> None:
        if self._matched is None and (self.cycle is None or self.cycle.response_complete):
            self.transport.close()

    def _look_idle(self) -> None:
        """Closes a connection that nothing came on for a while.

        Looked at once in a while instead of set anew at each answer: that costs more than the answer's head.
        """
        self._idle_timer = None
        if self.transport.is_closing():
            return
        busy = self._matched is not None or (self.cycle is not None and not self.cycle.response_complete)
        left = self._last + self.timeout_keep_alive - self.loop.time()
        if busy or left > 0:
            self._idle_timer = self.loop.call_later(
                self.timeout_keep_alive if busy else left, self._look_idle
            )
        else:
            self.transport.close()
