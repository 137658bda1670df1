"""OpenTelemetry: a span for each request that is asked for, which its prediction's id leads to and back."""

import ast
import json
import sys
from pathlib import Path

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from tests.unit.test_serve_grpc import METHODS
from tests.unit.test_serve_operations import INVOKE, TRACE, predict, turn

import comporta
from comporta.errors import MissingExtra
from comporta.serve.grpc.messages import ModelInferRequest
from comporta.serve.otel_tracer import OtelTracer
from comporta.serve.server_options import ServerTools
from comporta.testing.serving import ask


def spans_of(act):
    exporter = InMemorySpanExporter()
    tools = ServerTools(tracer=OtelTracer(exporter, batched=SimpleSpanProcessor))
    found, sink = turn(act, tools=tools)
    return found, sink, exporter.get_finished_spans()


def test_a_prediction_leads_to_its_span_and_back() -> None:
    async def act(app):
        answer, headers = await predict(app, 2, headers=[("traceparent", TRACE)])
        _, alone = await predict(app)
        return answer["prediction_ids"], headers["traceparent"], alone["traceparent"]

    (ids, told, alone), sink, (span, other) = spans_of(act)
    own = f"00-{span.context.trace_id:032x}-{span.context.span_id:016x}-01"
    assert own == told and told[3:35] == TRACE[3:35] and told != TRACE
    assert f"{span.parent.span_id:016x}" == TRACE[36:52]
    assert [each.traceparent for each in sink.observations] == [told, told, alone]
    assert other.parent is None and alone[3:35] != TRACE[3:35]
    found = dict(span.attributes)
    assert (found["comporta.prediction_id"], tuple(found["comporta.prediction_ids"])) == (ids[0], tuple(ids))
    assert (found["comporta.model"], found["comporta.version"], found["comporta.rows"]) == ("words", "1", 2)
    assert (span.name, found["http.response.status_code"]) == ("POST /models/{model}/invocations", 200)
    assert span.end_time > span.start_time


def test_a_refused_request_has_a_span_without_an_id() -> None:
    async def act(app):
        return await ask(app, "POST", INVOKE.format("words"), {"dataframe_records": [{}]})

    (status, _, body), sink, (span,) = spans_of(act)
    assert status == 400 and json.loads(body)
    assert span.attributes["http.response.status_code"] == 400
    assert "comporta.prediction_id" not in span.attributes and sink.observations == []


def test_a_request_over_grpc_is_told_as_one():
    message = ModelInferRequest(model_name="nobody", raw_input_contents=[b""]).SerializeToString()

    async def act(app):
        face = app.grpc_face()
        for method in ("ServerReady", "ModelInfer"):
            face.answer(METHODS[method], [("traceparent", TRACE)], message if method == "ModelInfer" else b"")

    _, _, (ready, infer) = spans_of(act)
    assert ready.name == "inference.GRPCInferenceService/ServerReady"
    assert dict(infer.attributes) == {
        "rpc.system": "grpc", "rpc.service": "inference.GRPCInferenceService", "rpc.method": "ModelInfer",
        "rpc.grpc.status_code": 5,
    }  # fmt: skip
    assert f"{infer.context.trace_id:032x}" == TRACE.split("-")[1]


def test_what_is_not_installed_is_said_with_the_extra_that_brings_it(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(MissingExtra, match=r"comporta serve --otel needs opentelemetry.*comporta\[otel\]"):
        OtelTracer()


def test_nothing_of_it_is_imported_unless_asked_for() -> None:
    root = Path(comporta.__file__).parent
    imports = (
        node
        for path in root.rglob("*.py")
        if "opentelemetry" in (text := path.read_text())
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
    )
    assert [found for each in imports if "opentelemetry" in (found := ast.unparse(each))] == []
