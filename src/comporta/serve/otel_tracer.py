"""Spans of OpenTelemetry, sent over OTLP/HTTP where its own variables say (OTEL_EXPORTER_OTLP_ENDPOINT …).

A prediction's id is in its span, and the span's id in the observation: each leads to the other.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from comporta.http.replies import Reply
from comporta.records.extras import require
from comporta.serve.grpc.codes import code_of
from comporta.serve.paths import GRPC
from comporta.serve.request import Request

_WHY = "comporta serve --otel"
_MOST_IDS = 128  # OpenTelemetry's own limit of what one attribute holds is none; a span should stay small
_SERVICE = "comporta"


class OtelSpan:
    """One request's. traceparent: of this span, so that what follows is below it."""

    def __init__(self, span: Any, at: int, failed: Any) -> None:
        self._span, self._at, self._failed = span, at, failed
        context = span.get_span_context()
        self.traceparent = f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"

    def end(self, route: str, reply: Reply, request: Request | None, took: int) -> None:
        """Ends it as long after its beginning."""
        span = self._span
        if span.is_recording():
            if request is not None and request.path.route.method == GRPC:
                span.set_attribute("rpc.grpc.status_code", code_of(reply.status))
            else:
                span.set_attribute("http.response.status_code", reply.status)
            if reply.status >= 500:
                span.set_status(self._failed)
            if request is not None and request.parts and reply.status == 200:
                loaded = [part.live.loaded for part in request.parts]
                span.set_attribute("comporta.model", loaded[0].model)
                span.set_attribute("comporta.version", ",".join(str(each.number) for each in loaded))
                span.set_attribute("comporta.prediction_id", request.ids[0])
                if len(request.ids) > 1:
                    span.set_attribute("comporta.prediction_ids", list(request.ids[:_MOST_IDS]))
                span.set_attribute("comporta.rows", len(request.ids))
        span.end(self._at + took)


class OtelTracer:
    """exporter: a span exporter of OpenTelemetry's; None: OTLP over HTTP."""

    def __init__(self, exporter: Any = None, *, batched: Callable[[Any], Any] | None = None) -> None:
        """batched: makes a span processor of an exporter; None: one that sends in batches, from a thread of
        its own. Raises MissingExtra."""
        self._api = require("opentelemetry.trace", _WHY)
        sdk = require("opentelemetry.sdk.trace", _WHY)
        export = require("opentelemetry.sdk.trace.export", _WHY)
        resources = require("opentelemetry.sdk.resources", _WHY)
        if exporter is None:
            otlp = require("opentelemetry.exporter.otlp.proto.http.trace_exporter", _WHY)
            exporter = otlp.OTLPSpanExporter()
        named = os.environ.get("OTEL_SERVICE_NAME") or "service.name=" in os.environ.get(
            "OTEL_RESOURCE_ATTRIBUTES", ""
        )
        resource = resources.Resource.create({} if named else {"service.name": _SERVICE})
        self._provider = sdk.TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor((batched or export.BatchSpanProcessor)(exporter))
        self._tracer = self._provider.get_tracer("comporta.serve")
        self._failed = self._api.Status(self._api.StatusCode.ERROR)
        self._nowhere = self._api.set_span_in_context(self._api.INVALID_SPAN)

    def begin(self, name: str, traceparent: str | None, at: int) -> OtelSpan:
        """A span below the one that the header names, or the first of a trace."""
        api = self._api
        context = self._nowhere
        if traceparent is not None:
            _, trace, span, flags = traceparent.split("-")
            parent = api.SpanContext(
                int(trace, 16), int(span, 16), is_remote=True, trace_flags=api.TraceFlags(int(flags, 16))
            )
            context = api.set_span_in_context(api.NonRecordingSpan(parent))
        method, _, route = name.partition(" ")
        attributes = {"http.request.method": method, "http.route": route}
        if method == GRPC:
            # OpenTelemetry, "Semantic conventions for gRPC": a span has the full name of its method.
            name = route.removeprefix("/")
            service, _, called = name.partition("/")
            attributes = {"rpc.system": "grpc", "rpc.service": service, "rpc.method": called}
        span = self._tracer.start_span(
            name, context=context, kind=api.SpanKind.SERVER, start_time=at, attributes=attributes
        )
        return OtelSpan(span, at, self._failed)

    def close(self) -> None:
        """What ended is sent."""
        self._provider.shutdown()
