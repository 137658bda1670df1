"""What is noted of each request once it is answered: numbers, a line of the access log, a span of a trace."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Protocol

import msgspec

from comporta.http.replies import Reply
from comporta.records.traceparent import HEADER, trace_id
from comporta.serve.access_log import AccessLine, AccessLog
from comporta.serve.paths import MatchedPath
from comporta.serve.release_follower import ReleaseFollower
from comporta.serve.request import Request
from comporta.serve.request_counts import INFERRED, RequestCounts
from comporta.serve.tally import Tally
from comporta.serve.version_parts import VersionPart

_FAULT = 500
_ASKED = ("infer", "invoke", "predict", "grpc_infer")


class RequestSpan(Protocol):
    """One request in a trace. traceparent: what others continue it by."""

    traceparent: str

    def end(self, route: str, reply: Reply, request: Request | None, took: int) -> None:
        """It was answered, after so many nanoseconds."""


class RequestTracer(Protocol):
    """Where spans go."""

    def begin(self, name: str, traceparent: str | None, at: int) -> RequestSpan:
        """A span of a request that came then, nanoseconds since 1970. traceparent: as it came, if it did."""

    def close(self) -> None:
        """All that ended is sent, or given up."""


class IncomingRequest(msgspec.Struct, frozen=True, gc=False):
    """A request as it came. matched: its route; None: there is none. at: nanoseconds since 1970. began: by
    `time.perf_counter_ns`. traceparent: what it is answered with."""

    matched: MatchedPath | None
    method: str
    at: int
    began: int
    traceparent: str | None
    span: RequestSpan | None = None


class RequestWatch:
    """Of one process. access, tracer: None for none."""

    def __init__(
        self,
        follower: ReleaseFollower,
        tally: Tally,
        access: AccessLog | None = None,
        tracer: RequestTracer | None = None,
    ) -> None:
        """tally: as in `RequestCounts`."""
        self.counts = RequestCounts(tally)
        self.access, self.tracer = access, tracer
        self._follower = follower

    def begin(self, matched: MatchedPath, traceparent: str | None, at: int) -> RequestSpan | None:
        """The span of a request, where traces are asked for."""
        if self.tracer is None:
            return None
        return self.tracer.begin(f"{matched.route.method} {matched.route.path}", traceparent, at)

    def end(self, incoming: IncomingRequest, request: Request | None, reply: Reply) -> Reply:
        """The reply as it goes out. request: None where its body was not read."""
        took = time.perf_counter_ns() - incoming.began
        matched = incoming.matched
        name = "none" if matched is None else matched.route.name
        self.counts.by_route[name, reply.status] += 1
        if request is not None and reply.status == 200 and request.parts:
            self.counts.note_answer(request.parts, incoming.at, took, request.took)
        elif matched is not None and name in _ASKED:
            self._note_failure(matched, took)
            if reply.status >= _FAULT and request is not None:
                for part in request.parts:
                    if part.arm is not None:
                        self.counts.note_arm_failure(part.live.loaded.model, part.arm)
        if incoming.span is not None:
            incoming.span.end(name, reply, request, took)
        return self._send(incoming, request, reply, took)

    def end_prediction(self, request: Request, reply: Reply, began: int) -> Reply:
        """The same of a prediction that was made on the short way, where each microsecond counts."""
        took = time.perf_counter_ns() - began
        self.counts.by_route[INFERRED] += 1
        self.counts.note_answer(request.parts, request.at, took, request.took)
        if self.access is None and request.traceparent is None:
            return reply
        incoming = IncomingRequest(request.path, "POST", request.at, began, request.traceparent)
        return self._send(incoming, request, reply, took)

    def _send(self, incoming: IncomingRequest, request: Request | None, reply: Reply, took: int) -> Reply:
        if self.access is not None:
            self.access.put(self._line(incoming, request, reply, took))
        if incoming.traceparent is None:
            return reply
        echoed = (HEADER, incoming.traceparent.encode())
        return msgspec.structs.replace(reply, headers=(*reply.headers, echoed))

    def note_refusal(self, status: int, at: int) -> None:
        """A request that the connection answered by itself."""
        self.counts.by_route["none", status] += 1
        if self.access is not None:
            self.access.put(AccessLine(at, 0, None, None, None, status, 0, None, (), 0, None, None))

    def _note_failure(self, matched: MatchedPath, took: int) -> None:
        """Counted with the version that would have answered, where that is known."""
        served = self._follower.serving.find(matched.model)
        if served is None:
            return
        live = served.champion if matched.version is None else served.find(matched.version)
        if live is not None:
            self.counts.note_failure(live.loaded.model, live.loaded.number, took)

    def _line(
        self, incoming: IncomingRequest, request: Request | None, reply: Reply, took: int
    ) -> AccessLine:
        matched = incoming.matched
        served = matched is not None and matched.model in self._follower.serving.models
        parts = () if request is None or reply.status != 200 else request.parts
        bearer = None if request is None else request.bearer
        return AccessLine(
            incoming.at,
            took,
            request.ids[0] if request is not None and parts else None,
            incoming.method if matched is not None else None,
            None if matched is None else _path(matched, served, reply.status),
            reply.status,
            len(reply.body),
            _model(matched, served, parts),
            tuple(part.live.loaded.number for part in parts),
            len(request.ids) if request is not None and parts else 0,
            None if bearer is None else bearer.token.name,
            None if incoming.traceparent is None else trace_id(incoming.traceparent),
        )


def _model(matched: MatchedPath | None, served: bool, parts: Sequence[VersionPart]) -> str | None:
    """The model that answered, or that the path names, if it is one of ours."""
    if parts:
        return parts[0].live.loaded.model
    return matched.model if matched is not None and served else None


def _path(matched: MatchedPath, served: bool, status: int) -> str:
    """The path as it was asked where all of it is ours; else its form."""
    form = matched.route.path
    if matched.version is None:
        form = form.replace("[/versions/{version}]", "")
    if served and matched.model is not None:
        form = form.replace("{model}", matched.model)
        if matched.version is not None and status < 400:
            form = form.replace("[/versions/{version}]", f"/versions/{matched.version}")
    return form.replace("[", "").replace("]", "")
