"""One request over gRPC, from its metadata and message to the reply: let in, answered, noted as every request
is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import msgspec

from comporta.errors import BadRequest, wording
from comporta.http.admission import Admission
from comporta.http.body import SMALL, HeldBody
from comporta.http.limits import RequestLimits
from comporta.http.replies import Reply
from comporta.http.token_gate import Bearer, RequestsAtOnce, begin_request
from comporta.records.traceparent import HEADER as TRACEPARENT
from comporta.records.traceparent import read_traceparent
from comporta.serve.error_replies import reply_to_error
from comporta.serve.paths import GRPC, MatchedPath, RoutePath
from comporta.serve.request import Request, error_reply
from comporta.serve.request_watch import IncomingRequest, RequestSpan, RequestWatch

Metadata = Sequence[tuple[str, str | bytes]]
Route = Callable[[Request], Reply | Awaitable[Reply]]


class _UnderWay(msgspec.Struct, gc=False):
    """What a request has until it is answered. began: by `time.perf_counter_ns`."""

    began: int
    span: RequestSpan | None
    body: HeldBody
    at_once: RequestsAtOnce | None = None


class GrpcFace:
    """Of one process. routes: by the names in `serve/paths.py`. bearer: the token of a request, where one is
    asked for. Used by the event loop alone."""

    def __init__(
        self,
        routes: Mapping[str, Route],
        admission: Admission,
        bearer: Callable[[MatchedPath, dict[bytes, bytes], int], Bearer | None],
        watch: RequestWatch,
        *,
        nanoseconds: Callable[[], int],
        say: Callable[[str], None],
    ) -> None:
        self._routes, self._admission, self._bearer, self._watch = routes, admission, bearer, watch
        self._now, self._say = nanoseconds, say
        self._under_way: set[asyncio.Task[Reply]] = set()

    @property
    def limits(self) -> RequestLimits:
        """What a client may send."""
        return self._admission.limits

    @contextmanager
    def awaiting_message(self, route: RoutePath, metadata: Metadata) -> Iterator[None]:
        """Around the reading of a message: a stranger's is not read, and one that does not come is among its
        token's requests at once. Raises BadRequest."""
        token = self._let_in(
            MatchedPath(route), [(name.encode(), _octets(value)) for name, value in metadata]
        )
        at_once = begin_request(token)
        try:
            yield
        finally:
            if at_once is not None:
                at_once.end()

    def refuse(self, route: RoutePath, error: BadRequest) -> Reply:
        """The reply to a request of which no message was read."""
        reply = reply_to_error(error, route.protocol, route.path, self._say)
        at, began = self._now(), time.perf_counter_ns()
        return self._watch.end(IncomingRequest(MatchedPath(route), GRPC, at, began, None), None, reply)

    def answer(self, route: RoutePath, metadata: Metadata, message: bytes) -> Reply | Awaitable[Reply]:
        """The reply: its body is a message, or of an error its text."""
        at, began = self._now(), time.perf_counter_ns()
        pairs = [(name.encode(), _octets(value)) for name, value in metadata]
        headers = dict(pairs)
        traceparent = read_traceparent(headers.get(TRACEPARENT))
        request = Request(MatchedPath(route), headers, message, at, None, traceparent)
        span = self._watch.begin(request.path, traceparent, at)
        if span is not None:
            request.traceparent = span.traceparent
        under_way = _UnderWay(began, span, self._admission.held_body())
        self._watch.counts.under_way += 1
        try:
            request.bearer = self._let_in(request.path, pairs)
            under_way.at_once = begin_request(request.bearer)
            if len(message) > SMALL:
                under_way.body.grow(len(message))
            reply = self._routes[route.name](request)
        # The boundary of the process, as in `App`.
        except Exception as error:
            reply = reply_to_error(error, route.protocol, route.path, self._say)
        if isinstance(reply, Reply):
            return self._end(request, reply, under_way)
        # A task of its own: who hangs up meanwhile stops neither the answer nor what is logged of it.
        task = asyncio.ensure_future(self._wait(request, reply, under_way))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return asyncio.shield(task)

    def refuse_method(self) -> Reply:
        """The reply to a method that is not in `serve/paths.py`."""
        self._watch.note_refusal(501, self._now())
        said = wording("found no such method; see open_inference_grpc.proto for those there are.")
        return error_reply(501, said, GRPC.lower())

    def _let_in(self, path: MatchedPath, pairs: Sequence[tuple[bytes, bytes]]) -> Bearer | None:
        """The token of a request, where one is asked for. Raises BadRequest."""
        headers = dict(pairs)
        if len(headers) < len(pairs):
            self._admission.require_single(pairs)
        return self._bearer(path, headers, self._now())

    async def drain(self) -> None:
        """Waits until all that was asked for is answered and logged."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    async def _wait(self, request: Request, reply: Awaitable[Reply], under_way: _UnderWay) -> Reply:
        try:
            answer = await reply
        except Exception as error:
            route = request.path.route
            answer = reply_to_error(error, route.protocol, route.path, self._say)
        return self._end(request, answer, under_way)

    def _end(self, request: Request, reply: Reply, under_way: _UnderWay) -> Reply:
        under_way.body.release()
        if under_way.at_once is not None:
            under_way.at_once.end()
        self._watch.counts.under_way -= 1
        incoming = IncomingRequest(
            request.path, GRPC, request.at, under_way.began, request.traceparent, under_way.span
        )
        return self._watch.end(incoming, request, reply)


def _octets(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode(errors="replace")
