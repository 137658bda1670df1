"""The request path: an ASGI application, and nothing between it and the socket but the server."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import UTC, datetime
from importlib.metadata import version as installed

from comporta.errors import BadRequest
from comporta.http.admission import Admission
from comporta.http.body import ACCEPTED_ENCODINGS, SMALL, MostValues
from comporta.http.replies import (
    CLOSING,
    RETRY_SOON,
    TEXT,
    Receive,
    Reply,
    Scope,
    Send,
    json_reply,
    start_message,
)
from comporta.serve.feedback_body import read_feedback_body
from comporta.serve.metric_sample import MetricSample
from comporta.serve.paths import MatchedPath, match_path
from comporta.serve.prediction_routes import PredictionRoutes
from comporta.serve.prometheus import prometheus_text
from comporta.serve.recorder import NotRecorded, Recorder
from comporta.serve.release_follower import ReleaseFollower
from comporta.serve.request import Request, ServeLimits, error_reply
from comporta.serve.serving_state import ServingState
from comporta.serve.tally import Tally
from comporta.serve.v2_response import v2_model_metadata
from comporta.serve.version_source import ObservationSink, VersionSource

_MOST_PATHS = 4096
_SLACK = 1024


class App:
    """An ASGI 3 application: the routes, and beside them the recorder and the follower of releases."""

    def __init__(
        self,
        source: VersionSource,
        sink: ObservationSink | None,
        *,
        key: bytes,
        durable: bool = False,
        flush: float = 0.5,
        poll: float = 1.0,
        limits: ServeLimits | None = None,
        hosts: Sequence[str] | None = None,
        tally: Tally | None = None,
        samples: Callable[[], Sequence[MetricSample]] = tuple,
        nanoseconds: Callable[[], int] = time.time_ns,
        on_first_look: Callable[[ServingState], None] = lambda serving: None,
        say: Callable[[str], None] = print,
    ) -> None:
        """sink: None keeps no answer: for a model that is only tried.
        key: 32 bytes, by which units are split among versions. durable: answer only once the observation
        is written.

        flush, poll: seconds between writes of the log, and between looks for a release.
        hosts: `Host` headers let in; None: loopback names only; `*`: any.
        tally: where answers are counted by version. samples: what `/metrics` says beside what is known here.
        on_first_look: as in `ReleaseFollower`.
        """
        self.source, self.say = source, say
        self.limits = limits or ServeLimits()
        self.recorder = Recorder(sink, every=flush, durable=durable, tally=tally, say=say)
        self.samples = samples
        self.counts: Counter[tuple[str, int]] = Counter()
        self.hot: dict[bytes, MatchedPath] = {}
        self._known: dict[tuple[str, str], MatchedPath] = {}
        self._now = nanoseconds
        self._admission = Admission(self.limits, hosts)
        self._follower = ReleaseFollower(
            source,
            poll=poll,
            nanoseconds=nanoseconds,
            on_change=self._forget_paths,
            on_first_look=on_first_look,
            say=say,
        )
        self._predictions = PredictionRoutes(self._follower, self.recorder, key=key, limits=self.limits)
        self._routes: dict[str, Callable[[Request], Reply | Awaitable[Reply]]] = {
            "server": self.server, "live": self.live, "ready": self.ready, "metadata": self.metadata,
            "model_ready": self.model_ready, "ping": self.ping, "version": self.version,
            "feedback": self.feedback, "metrics": self.metrics, **self._predictions.routes,
        }  # fmt: skip

    @property
    def serving(self) -> ServingState:
        """What answers now."""
        return self._follower.serving

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            reply, name = await self._reply(scope, receive)
            self.counts[name, reply.status] += 1
            await send(start_message(reply))
            await send({"type": "http.response.body", "body": reply.body})
        elif scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def _reply(self, scope: Scope, receive: Receive) -> tuple[Reply, str]:
        """The answer to a request, and the name it is counted under."""
        at = self._now()
        route = (scope["method"], scope["path"])
        matched = self._known.get(route)
        headers = dict(scope["headers"])
        protocol, name = "v2", "none"
        held, whole = self._admission.held_body(), False
        try:
            if len(headers) < len(scope["headers"]):
                self._admission.require_single(scope["headers"])
            self._admission.require_allowed_origin(headers)
            self._admission.require_declared_size(headers)
            if matched is None:
                matched = self._match(*route)
            protocol, name = matched.route.protocol, matched.route.name
            body = await self._admission.read_body(
                headers, receive, self._most_values(matched, headers), held
            )
            whole = True
            reply = self._routes[name](Request(matched, headers, body, at))
            if not isinstance(reply, Reply):
                reply = await reply
        # The boundary of the process: a fault of a model or of ours must not tell a client about our insides.
        except Exception as error:
            reply = self._error(error, protocol, route[1])
        finally:
            held.release()
        if not whole and _has_body(headers) and scope.get("http_version", "1.1")[:1] == "1":
            # What is left of it would be read as the next request's, or be waited for.
            reply = Reply(reply.status, reply.body, reply.headers + CLOSING)
        return reply, name

    def _most_values(self, matched: MatchedPath, headers: dict[bytes, bytes]) -> MostValues:
        """What a request's body may hold, by its path. Raises BadRequest where no such model answers."""
        name, rows = matched.route.name, self.limits.rows
        if name in self._predictions.routes:
            return self._predictions.most_values(matched, headers)
        if name == "feedback":
            return MostValues(4 * rows + _SLACK, 2 * rows + _SLACK, f"{rows} labels")
        return MostValues(_SLACK, _SLACK, "such a request")

    def answer_directly(
        self, matched: MatchedPath, headers: list[tuple[bytes, bytes]], body: bytes
    ) -> Reply | None:
        """The answer to a small prediction, at once; None where the usual way must answer."""
        if self.recorder.durable or len(body) > self.limits.body:
            return None
        by_name = dict(headers)
        if b"content-encoding" in by_name or len(by_name) < len(headers):
            return None
        try:
            self._admission.require_allowed_origin(by_name)
            reply = self._predictions.infer(Request(matched, by_name, body, self._now()))
        # A boundary, as in `_reply`, which will meet the same fault and answer it. Nothing was logged yet.
        except Exception:
            return None
        if isinstance(reply, Reply):
            self.counts["infer", 200] += 1
            return reply
        if isinstance(reply, Coroutine):
            reply.close()
        return None

    # What each route answers.

    def server(self, request: Request) -> Reply:
        return json_reply({"name": "comporta", "version": _version(), "extensions": ["binary_tensor_data"]})

    def live(self, request: Request) -> Reply:
        return json_reply({"live": True})

    def ready(self, request: Request) -> Reply:
        ready = self.serving.ready
        return json_reply({"ready": ready}, 200 if ready else 503)

    def metadata(self, request: Request) -> Reply:
        served, version = self._predictions.model_of(request.path), request.path.version
        live = served.champion if version is None else served.version(version)
        return json_reply(v2_model_metadata(served.model, sorted(served.versions), live.loaded, live.schema))

    def model_ready(self, request: Request) -> Reply:
        served = self._predictions.model_of(request.path)
        if request.path.version is not None:
            served.version(request.path.version)
        return json_reply({"name": served.model, "ready": True})

    def ping(self, request: Request) -> Reply:
        return Reply(200 if self.serving.models else 404, b"\n", TEXT)

    def version(self, request: Request) -> Reply:
        return Reply(200, _version().encode(), TEXT)

    async def feedback(self, request: Request) -> Reply:
        arrived = datetime.fromtimestamp(request.at / 1e9, UTC)
        body, takes = request.body, self._follower.signatures()
        if len(body) > SMALL:
            read = await asyncio.to_thread(read_feedback_body, body, arrived, self.limits.rows, takes)
        else:
            read = read_feedback_body(body, arrived, self.limits.rows, takes)
        await self.recorder.put_feedback(read.labels, len(body) + 200 * len(read.labels))
        self.recorder.counts.corrections += read.corrections
        corrections = {"corrections": read.corrections} if read.corrections else {}
        return json_reply({"accepted": read.number, **corrections})

    def metrics(self, request: Request) -> Reply:
        text = prometheus_text(self.counts, self.recorder, self.serving, self.samples())
        return Reply(200, text.encode(), ((b"content-type", b"text/plain; version=0.0.4"),))

    # Paths and errors.

    def _match(self, method: str, path: str) -> MatchedPath:
        matched = match_path(method, path)
        if isinstance(matched, list):
            if not matched:
                raise BadRequest("found no such path, expected one that `GET /v2` leads to.", 404)
            raise _WrongMethod(f"expected {' or '.join(matched)} on this path.", matched)
        # Only paths of what is served are remembered: a stranger must not fill the memory.
        if matched.model is None or matched.model in self.serving.models:
            if len(self._known) > _MOST_PATHS:
                self._forget_paths()
            self._known[method, path] = matched
            if matched.route.name == "infer" and path.isascii() and "%" not in path:
                self.hot[path.encode()] = matched
        return matched

    def _forget_paths(self) -> None:
        self._known.clear()
        self.hot.clear()

    def _error(self, error: Exception, protocol: str, path: str) -> Reply:
        if isinstance(error, BadRequest):
            headers = _ERROR_HEADERS.get(error.status, ())
            return error_reply(error.status, str(error), protocol, headers)
        if isinstance(error, _WrongMethod):
            allow = ((b"allow", ", ".join(error.methods).encode()),)
            return error_reply(405, str(error), protocol, allow)
        if isinstance(error, NotRecorded):
            lost = BadRequest("the answer could not be recorded. Nothing was answered; ask again.", 503)
            return error_reply(lost.status, str(lost), protocol, RETRY_SOON)
        where = error.__traceback__
        while where is not None and where.tb_next is not None:
            where = where.tb_next
        line = f"{where.tb_frame.f_code.co_filename}:{where.tb_lineno}" if where else "?"
        self.say(f"{path[:100]}: answered 500 because of {type(error).__name__} at {line}")
        fault = BadRequest("the server failed on this request; its log names the place.", 500)
        return error_reply(fault.status, str(fault), protocol)

    # What goes on beside the requests.

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self.open()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                await self.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    def open(self) -> None:
        """Begins to log and to follow releases; called from the event loop that serves."""
        self.recorder.start()
        self._follower.start()

    async def __aenter__(self) -> App:
        """Open, and every release looked at once."""
        self.open()
        await self._follower.looked_once()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    async def close(self) -> None:
        """No more looks for releases; all that was answered is written."""
        self._follower.stop()
        await self.recorder.close()
        self._predictions.close()


_ERROR_HEADERS = {503: RETRY_SOON, 415: ACCEPTED_ENCODINGS}


class _WrongMethod(Exception):
    """The path is served, by other methods."""

    def __init__(self, message: str, methods: list[str]) -> None:
        super().__init__(message)
        self.methods = methods


def _has_body(headers: dict[bytes, bytes]) -> bool:
    return b"transfer-encoding" in headers or headers.get(b"content-length", b"0") != b"0"


def _version() -> str:
    return installed("comporta")
