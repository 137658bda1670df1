"""The request path: an ASGI application, and nothing between it and the socket but the server."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import TYPE_CHECKING

from comporta.errors import BadRequest, Tampered
from comporta.http.admission import Admission
from comporta.http.body import MostValues, has_body
from comporta.http.replies import (
    CLOSING,
    Receive,
    Reply,
    Scope,
    Send,
    json_reply,
    start_message,
)
from comporta.http.token_gate import Bearer, TokenGate, begin_request
from comporta.records.token import Token
from comporta.records.traceparent import HEADER as TRACEPARENT
from comporta.records.traceparent import read_traceparent
from comporta.serve.description_routes import DescriptionRoutes
from comporta.serve.error_replies import WrongMethod, reply_to_error
from comporta.serve.feature_route import FeatureRoute
from comporta.serve.feedback_route import FeedbackRoute
from comporta.serve.lifespan import live_with_server
from comporta.serve.limits import ServeLimits
from comporta.serve.metric_sample import MetricSample, add_up
from comporta.serve.paths import MatchedPath, match_path, protocol_at
from comporta.serve.prediction_routes import PredictionRoutes
from comporta.serve.prometheus import access_samples, counted_samples, prometheus_text, release_samples
from comporta.serve.recent_predictions import RecentPredictions
from comporta.serve.recorder import Recorder
from comporta.serve.release_follower import ReleaseFollower
from comporta.serve.request import Request
from comporta.serve.request_watch import IncomingRequest, RequestWatch
from comporta.serve.server_options import NO_TOOLS, ServerTools
from comporta.serve.serving_state import ServingState
from comporta.serve.sibling_workers import SiblingWorkers
from comporta.serve.tally import Tally
from comporta.serve.triton_routes import model_statistics
from comporta.serve.version_source import ObservationSink, VersionSource

if TYPE_CHECKING:
    from comporta.serve.grpc.face import GrpcFace
    from comporta.serve.grpc.server import GrpcServer

_MOST_PATHS = 4096
_SLACK = 1024


class App:
    """An ASGI 3 application: the routes, and beside them the recorder and the follower of releases. grpc: the
    server for gRPC that ends with it, where there is one."""

    grpc: GrpcServer | None = None

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
        tokens: Callable[[], Sequence[Token]] | None = None,
        tally: Tally | None = None,
        samples: Callable[[], Sequence[MetricSample]] = tuple,
        nanoseconds: Callable[[], int] = time.time_ns,
        on_first_look: Callable[[ServingState], None] = lambda serving: None,
        siblings: SiblingWorkers | None = None,
        tools: ServerTools = NO_TOOLS,
        say: Callable[[str], None] = print,
    ) -> None:
        """sink: None keeps no answer: for a model that is only tried.
        key: 32 bytes, by which units are split among versions. durable: answer only once the observation
        is written.

        flush, poll: seconds between writes of the log, and between looks for a release.
        hosts: `Host` headers let in; None: loopback names only; `*`: any.
        tokens: those that are let in, read in a thread at each look for a release; None: none is asked for.
        tally: where answers are counted by version. samples: what `/metrics` says beside what is known here.
        on_first_look, siblings: as in `ReleaseFollower`.
        """
        self.source, self.say, self.tls, self.limits = source, say, tools.tls, limits or ServeLimits()
        self._samples, self._siblings, self._publishing = samples, siblings, threading.Lock()
        self.recorder = Recorder(
            sink, every=flush, durable=durable, tally=tally, on_write=self.publish_samples, say=say
        )
        self.hot: dict[bytes, MatchedPath] = {}
        self._known: dict[tuple[str, str], MatchedPath] = {}
        self._now = nanoseconds
        self._admission = Admission(self.limits, hosts)
        self._gate = None if tokens is None else TokenGate(None if siblings is None else siblings.quotas)
        follower = self._follower = ReleaseFollower(
            source, poll=poll, nanoseconds=nanoseconds, on_change=self._forget_paths,
            on_first_look=on_first_look, on_look=self._read_tokens(tokens), siblings=siblings,
            partition=self.limits.partition, tally=tally, say=say,
        )  # fmt: skip
        recent = RecentPredictions()
        self._predictions = PredictionRoutes(follower, self.recorder, recent, key=key, limits=self.limits)
        self._feedback = FeedbackRoute(follower, self.recorder, recent, limits=self.limits, settle=2 * flush)
        self._descriptions = DescriptionRoutes(
            follower, self._predictions.model_of, tokens=tokens is not None
        )
        self._features = FeatureRoute(self._predictions.model_of, queue=self.limits.queue)
        self._watch = RequestWatch(follower, self.recorder.tally, tools.access, tools.tracer)
        self._single_rows = self._predictions.single_rows(self._watch)
        self._routes = self._named_routes()

    def _named_routes(self) -> dict[str, Callable[[Request], Reply | Awaitable[Reply]]]:
        """By the names in `serve/paths.py`."""
        return {
            "feedback": self._feedback.take, "feature_row": self._features.answer,
            "metrics": self.metrics, "statistics": self.statistics,
            **self._predictions.routes, **self._descriptions.routes,
        }  # fmt: skip

    @property
    def serving(self) -> ServingState:
        """What answers now."""
        return self._follower.serving

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            counts = self._watch.counts
            counts.under_way += 1
            try:
                reply = await self._reply(scope, receive)
            finally:
                counts.under_way -= 1
            await send(start_message(reply))
            await send({"type": "http.response.body", "body": reply.body})
        elif scope["type"] == "lifespan":
            await live_with_server(self, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def _reply(self, scope: Scope, receive: Receive) -> Reply:
        """The answer to a request, which is noted."""
        at, began = self._now(), time.perf_counter_ns()
        route = (scope["method"], scope["path"])
        matched = self._known.get(route)
        headers = dict(scope["headers"])
        traceparent = read_traceparent(headers.get(TRACEPARENT))
        request = span = at_once = None
        held, whole = self._admission.held_body(), False
        try:
            if len(headers) < len(scope["headers"]):
                self._admission.require_single(scope["headers"])
            self._admission.require_allowed_origin(headers)
            self._admission.require_declared_size(headers)
            if matched is None:
                matched = self._match(*route)
            span = self._watch.begin(matched, traceparent, at)
            traceparent = traceparent if span is None else span.traceparent
            bearer = self._bearer(matched, headers, at)
            at_once = begin_request(bearer)
            body = await self._admission.read_body(
                headers, receive, self._most_values(matched, headers), held
            )
            whole = True
            if bearer is not None:
                bearer.require_valid(at)  # it may have been revoked while the body came
            query = scope.get("query_string", b"")
            request = Request(matched, headers, body, at, bearer, traceparent, query)
            answer = self._routes[matched.route.name](request)
            reply = answer if isinstance(answer, Reply) else await answer
        # The boundary of the process: a fault of a model or of ours must not tell a client about our insides.
        except Exception as error:
            reply = reply_to_error(error, protocol_at(route[1]), route[1], self.say)
        finally:
            held.release()
            if at_once is not None:
                at_once.end()
        if not whole and has_body(headers) and scope.get("http_version", "1.1")[:1] == "1":
            # What is left of it would be read as the next request's, or be waited for.
            reply = Reply(reply.status, reply.body, reply.headers + CLOSING)
        incoming = IncomingRequest(matched, route[0], at, began, traceparent, span)
        return self._watch.end(incoming, request, reply)

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
        # A span is begun once: where traces are asked for, all go the usual way.
        if b"content-encoding" in by_name or len(by_name) < len(headers) or self._watch.tracer is not None:
            return None
        try:
            began = time.perf_counter_ns()
            self._admission.require_allowed_origin(by_name)
            at = self._now()
            bearer = self._bearer(matched, by_name, at)
            if bearer is not None and bearer.at_once is not None:
                return None
            answer = self._single_rows.answer(matched, by_name, body, at, began, bearer)
            if answer is not None:
                return Reply(200, answer)
            header = by_name.get(TRACEPARENT)
            traceparent = None if header is None else read_traceparent(header)
            request = Request(matched, by_name, body, at, bearer, traceparent)
            reply = self._predictions.infer(request)
        # A boundary, as in `_reply`, which will meet the same fault and answer it. Nothing was logged yet.
        except Exception:
            return None
        if isinstance(reply, Reply):
            return self._watch.end_prediction(request, reply, began)
        if isinstance(reply, Coroutine):
            reply.close()
        return None

    def _bearer(self, matched: MatchedPath, headers: dict[bytes, bytes], at: int) -> Bearer | None:
        """The token of a request, where one is asked for. Raises BadRequest."""
        action = matched.route.action
        if self._gate is None or action == "open":
            return None
        return self._gate.require(headers.get(b"authorization"), action, matched.model, at)

    def _read_tokens(self, tokens: Callable[[], Sequence[Token]] | None) -> Callable[[], None]:
        gate, tls = self._gate, self.tls

        def read() -> None:
            if tls is not None:
                tls.renew()
            if gate is None or tokens is None:
                return
            try:
                gate.replace(tokens())
            except Tampered:  # nobody knows whom the project lets in
                gate.replace(())
                raise

        return read

    def grpc_face(self) -> GrpcFace:
        """The same over gRPC, for a server of it."""
        from comporta.serve.grpc.face import GrpcFace
        from comporta.serve.grpc.methods import GrpcMethods

        return GrpcFace(
            GrpcMethods(self._follower, self._predictions).routes,
            self._admission,
            self._bearer,
            self._watch,
            nanoseconds=self._now,
            say=self.say,
        )

    def open_grpc(self, host: str, port: int, grace: float) -> None:
        """A server of it on this port, to be started beside the one for HTTP. grace: seconds for requests to
        end. Raises MissingExtra."""
        from comporta.serve.grpc.server import GrpcServer, require_grpcio

        require_grpcio()
        self.grpc = GrpcServer(self.grpc_face(), host, port, grace=grace, tls=self.tls)

    # What each route answers.

    def metrics(self, request: Request) -> Reply:
        text = prometheus_text([*self._all_samples(), *release_samples(self.serving)])
        return Reply(200, text.encode(), ((b"content-type", b"text/plain; version=0.0.4"),))

    def statistics(self, request: Request) -> Reply:
        if request.path.model is None:
            models = [*self.serving.models.values()]
        else:
            models = [self._predictions.model_of(request.path)]
        names = () if request.bearer is None else request.bearer.token.models
        version = request.path.version
        wanted = [
            (served.model, number)
            for served in models
            if not names or served.model in names
            for number in (
                sorted(served.versions) if version is None else [served.version(version).loaded.number]
            )
        ]
        return json_reply(model_statistics(self._all_samples(), wanted))

    def _all_samples(self) -> list[MetricSample]:
        """What is counted here and by all siblings."""
        if self._siblings is None:
            return [*add_up(self._own_samples()), MetricSample("worker_restarts_total", 0)]
        self.publish_samples()
        return self._siblings.everywhere()

    def publish_samples(self) -> None:
        """Tells the siblings what is counted here. May be called by any thread."""
        if self._siblings is not None:
            with self._publishing:  # else what was counted before could be told after
                self._siblings.publish(self._own_samples())

    def _own_samples(self) -> list[MetricSample]:
        return [
            *self._watch.counts.samples(),
            *counted_samples(self.recorder, self._predictions.unsampled, self._waiting()),
            *self._follower.samples(),
            *self._predictions.shadow.samples(),
            *access_samples(self._watch.access),
            *self._samples(),
        ]

    def _waiting(self) -> dict[str, int]:
        """Long calls that wait or run, by their queue."""
        beside = {"labels": self._feedback.waiting, "features": self._features.waiting}
        return {**self._predictions.waiting(), **beside}

    def count_refused(self, status: int) -> None:
        """A request that its connection answered."""
        self._watch.note_refusal(status, self._now())

    # Paths and errors.

    def _match(self, method: str, path: str) -> MatchedPath:
        matched = match_path(method, path)
        if isinstance(matched, list):
            if not matched:
                raise BadRequest("found no such path, expected one that `GET /v2` leads to.", 404)
            raise WrongMethod(f"expected {' or '.join(matched)} on this path.", matched)
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

    # What goes on beside the requests.

    def open(self) -> None:
        """Begins to log and to follow releases; called from the event loop that serves."""
        if self._watch.access is not None:
            self._watch.access.start()
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
        await asyncio.to_thread(self._predictions.shadow.close)  # what it scored is still to be written
        await self.recorder.close()
        self._predictions.close()
        self._feedback.close()
        self._features.close()
        if self._watch.access is not None:
            await asyncio.to_thread(self._watch.access.close)
        if self._watch.tracer is not None:
            await asyncio.to_thread(self._watch.tracer.close)
