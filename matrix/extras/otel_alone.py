"""`comporta[otel]`, and nothing else: a span that ends is exported."""

import sys

from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from comporta.http.replies import Reply
from comporta.serve.otel_tracer import OtelTracer

OtelTracer().close()
exporter = InMemorySpanExporter()
tracer = OtelTracer(exporter, batched=SimpleSpanProcessor)
span = tracer.begin("GET /v2", f"00-{'1' * 32}-{'2' * 16}-01", 10**18)
span.end("server", Reply(200, b""), None, 1000)
(found,) = exporter.get_finished_spans()
if f"{found.context.trace_id:032x}" != "1" * 32:
    sys.exit("found another trace than the request's")
