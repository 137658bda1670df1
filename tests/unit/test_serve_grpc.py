"""Open Inference v2 over gRPC says what it says over REST, and refuses what it refuses there; without a
socket, and without grpcio. The real client asks in `real/test_serve_grpc.py`."""

import asyncio
import json
import sys
import tomllib
from collections.abc import Awaitable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.requirements import Requirement
from tests.unit.test_serve_many import FIELDS, TAKES
from tests.unit.test_tokens import AT, late, made

from comporta.checks.shared.measuring.v2_requests import as_json
from comporta.errors import BadRequest, MissingExtra
from comporta.records import Field, Share, Signature
from comporta.records.token import TOKEN_ACTIONS, Quota
from comporta.serve import App, LoadedVersion, ModelScores
from comporta.serve.grpc import codes
from comporta.serve.grpc.message_size import MOST_FIELDS
from comporta.serve.grpc.messages import (
    ModelInferRequest,
    ModelInferResponse,
    ModelMetadataRequest,
    ModelMetadataResponse,
    ModelReadyRequest,
    ModelReadyResponse,
    ServerReadyResponse,
)
from comporta.serve.grpc.server import _handlers
from comporta.serve.limits import ServeLimits
from comporta.serve.paths import GRPC_METHODS, PATHS, match_path
from comporta.serve.server_options import ServerOptions, open_options
from comporta.serve.tensors import DTYPES, RANGES, tensor_to_bytes
from comporta.testing.serving import MemorySink, MemorySource, ask

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"
METHODS = {each.path.rpartition("/")[2]: each for each in GRPC_METHODS}
ROUTES = {"late": (Share(version=1, weight=1.0),)}
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class Said:
    """A reply as a client sees it."""

    def __init__(self, reply) -> None:
        self.code, self.body = codes.code_of(reply.status), reply.body
        self.trailing = dict(codes.trailing_metadata(reply))

    def read(self, kind):
        assert self.code == codes.OK, self.body
        return kind.FromString(self.body)

    @property
    def error(self) -> str:
        return self.body.decode()


async def call(face, method: str, message=b"", metadata=()) -> Said:
    data = message if isinstance(message, bytes) else message.SerializeToString()
    reply = face.answer(METHODS[method], metadata, data)
    return Said(await reply if isinstance(reply, Awaitable) else reply)


def turn(act, load=late, routes=ROUTES, sink=None, **options):
    """What `act(app, face)` gives of an app that answers."""

    async def run():
        given = {"key": b"r" * 32, "flush": 0.01, "say": lambda line: None, **options}
        async with App(MemorySource(load, routes), sink, **given) as app:
            return await act(app, app.grpc_face())

    return asyncio.run(run())


def asked(*calls, **options):
    """Of calls (method, message, metadata), one after another."""

    async def act(app, face):
        return [await call(face, *each) for each in calls]

    return turn(act, **options)


def rows(*values, model="late", **fields):
    """A request of these rows of two numbers, raw."""
    message = ModelInferRequest(model_name=model, **fields)
    message.inputs.add(name="m", datatype="FP64", shape=[len(values), 2])
    message.raw_input_contents.append(np.array(values, "<f8").tobytes())
    return message


def outputs(message) -> dict:
    """By name, values as the datatype says."""
    found = {}
    for tensor, raw in zip(message.outputs, message.raw_output_contents, strict=True):
        if tensor.datatype == "BYTES":
            texts, at = [], 0
            while at < len(raw):
                size = int.from_bytes(raw[at : at + 4], "little")
                texts.append(raw[at + 4 : at + 4 + size].decode())
                at += 4 + size
            found[tensor.name] = texts
        else:
            found[tensor.name] = np.frombuffer(raw, DTYPES[tensor.datatype]).reshape(tensor.shape).tolist()
    return found


def test_messages_have_the_numbers_of_the_specification():
    # Written by hand: protobuf.dev, "Encoding"; field numbers of open_inference_grpc.proto.
    message = ModelInferRequest(model_name="a", model_version="2", id="c", raw_input_contents=[b"xy"])
    message.parameters["k"].int64_param = 5
    tensor = message.inputs.add(name="m", datatype="FP64", shape=[1, 2])
    tensor.contents.fp64_contents.append(1.0)
    message.outputs.add(name="o")
    assert message.SerializeToString() == (
        b"\x0a\x01a\x12\x012\x1a\x01c" + b"\x22\x07\x0a\x01k\x12\x02\x10\x05"
        b"\x2a\x19\x0a\x01m\x12\x04FP64\x1a\x02\x01\x02\x2a\x0a\x3a\x08\x00\x00\x00\x00\x00\x00\xf0\x3f"
        b"\x32\x03\x0a\x01o" + b"\x3a\x02xy"
    )


def test_no_method_is_a_path_of_http_and_none_has_the_name_of_one():
    assert [match_path("POST", each.path) for each in GRPC_METHODS] == [[]] * 6
    assert not {each.name for each in GRPC_METHODS} & {each.name for each in PATHS}


def test_it_is_live_ready_and_tells_its_models():
    calls = [
        ("ServerReady",), ("ModelReady", ModelReadyRequest(name="late")),
        ("ModelReady", ModelReadyRequest(name="late", version="1")),
        ("ModelReady", ModelReadyRequest(name="late", version="2")),
        ("ModelReady", ModelReadyRequest(name="other")), ("ServerLive",),
        ("ModelMetadata", ModelMetadataRequest(name="late")),
    ]  # fmt: skip
    server, one, first, second, other, live, metadata = asked(*calls)
    assert server.read(ServerReadyResponse).ready
    assert live.body == b"\x08\x01"
    assert [each.read(ModelReadyResponse).ready for each in (one, first, second, other)] == [
        True, True, False, False,
    ]  # fmt: skip
    told = metadata.read(ModelMetadataResponse)
    assert (told.name, [*told.versions], told.platform) == ("late", ["1"], "comporta")

    async def rest(app, face):
        return json.loads((await ask(app, "GET", "/v2/models/late"))[2])

    for tensors, of in ((told.inputs, "inputs"), (told.outputs, "outputs")):
        assert [(each.name, each.datatype, [*each.shape]) for each in tensors] == [
            (each["name"], each["datatype"], each["shape"]) for each in turn(rest)[of]
        ]


NUMBERS = {"INT": [1, 0, -3], "UINT": [1, 0, 3], "FP": [1.5, 0.0, -2.25], "BOOL": [True, False, True]}
TYPED = {
    "BOOL": "bool_contents", "INT8": "int_contents", "INT16": "int_contents", "INT32": "int_contents",
    "INT64": "int64_contents", "UINT8": "uint_contents", "UINT16": "uint_contents",
    "UINT32": "uint_contents", "UINT64": "uint64_contents", "FP32": "fp32_contents",
    "FP64": "fp64_contents", "BYTES": "bytes_contents",
}  # fmt: skip
NUMBER = (Field(name="x", type="Float64"),)
FLAG = (Field(name="x", type="Boolean"),)
TEXT = (Field(name="word", type="String"),)


def doubled(model, number):
    return LoadedVersion(
        model=model,
        number=number,
        predict=lambda frame: ModelScores(2 * frame["x"].to_numpy(), None),
        signature=Signature(raw=NUMBER, features=NUMBER, output="label", task="regression", label="Float64"),
    )


def flagged(model, number):
    return LoadedVersion(
        model=model,
        number=number,
        predict=lambda frame: ModelScores(frame["x"].cast(float).to_numpy(), None),
        signature=Signature(raw=FLAG, features=FLAG, output="label", task="regression", label="Float64"),
    )


def measured(model, number):
    return LoadedVersion(
        model=model,
        number=number,
        predict=lambda frame: ModelScores(frame["word"].str.len_bytes().cast(float).to_numpy(), None),
        signature=Signature(raw=TEXT, features=TEXT, output="label", task="regression", label="Float64"),
    )


@pytest.mark.parametrize("datatype", [*DTYPES, "BYTES"])
def test_each_datatype_says_raw_and_typed_what_it_says_as_json(datatype):
    name, load = {"BYTES": ("word", measured), "BOOL": ("x", flagged)}.get(datatype, ("x", doubled))
    values = ["a", "", "Straße"] if datatype == "BYTES" else NUMBERS[datatype.rstrip("0123456789")]
    raw = ModelInferRequest(model_name="late")
    raw.inputs.add(name=name, datatype=datatype, shape=[3])
    raw.raw_input_contents.append(tensor_to_bytes(datatype, values))
    calls = [("ModelInfer", raw)]
    if datatype in TYPED:
        typed = ModelInferRequest(model_name="late")
        contents = typed.inputs.add(name=name, datatype=datatype, shape=[3, 1]).contents
        getattr(contents, TYPED[datatype]).extend(
            [each.encode() if isinstance(each, str) else each for each in values]
        )
        calls.append(("ModelInfer", typed))
    sink = MemorySink()

    async def act(app, face):
        body = {"inputs": [{"name": name, "shape": [3], "datatype": datatype, "data": values}]}
        _, _, said = await ask(app, "POST", "/v2/models/late/infer", body)
        return said, [await call(face, *each) for each in calls]

    said, replies = turn(act, load=load, sink=sink)
    rest = {each["name"]: each["data"] for each in json.loads(said)["outputs"]}
    for reply in replies:
        found = outputs(reply.read(ModelInferResponse))
        assert found["prediction"] == rest["prediction"]
        assert len(set(found["prediction_id"])) == 3
    kept = [each.inputs for each in sink.observations]
    assert kept == kept[:3] * (1 + len(calls))


def test_what_a_request_says_of_itself_is_kept_and_told_as_over_rest():
    sink, message = MemorySink(), rows([0, 0], [1, 1], id="mine", model_version="1")
    for name, value in (("key", "k7"), ("subject", "anna"), ("time", "2026-11-30T10:00:00Z")):
        message.parameters[name].string_param = value
    message.parameters["unit"].int64_param = 12
    message.parameters["priority"].uint64_param = 1  # what a client says beside is left alone
    (reply,) = asked(("ModelInfer", message, [("traceparent", TRACE)]), sink=sink)
    answer = reply.read(ModelInferResponse)
    assert (answer.model_name, answer.model_version, answer.id) == ("late", "1", "mine")
    assert [each.id for each in sink.observations] == outputs(answer)["prediction_id"]
    first = sink.observations[0]
    assert (first.key, first.subject, first.unit) == ("k7", "anna", "12")
    assert first.traceparent == reply.trailing["traceparent"] == TRACE


def test_only_the_outputs_that_are_asked_for_are_told_and_the_id():
    message = rows([0, 0])
    message.outputs.add(name="probability").parameters["binary_data"].bool_param = False
    wrong = rows([0, 0])
    wrong.outputs.add(name="nothing")
    right, refused = asked(("ModelInfer", message), ("ModelInfer", wrong))
    assert [*outputs(right.read(ModelInferResponse))] == ["probability", "prediction_id"]
    assert refused.code == codes.INVALID_ARGUMENT and "'nothing'" in refused.error


def broken(change):
    message = rows([0, 0])
    change(message)
    return message


def typed(datatype, field, values, shape=(1, 2)):
    message = ModelInferRequest(model_name="late")
    contents = message.inputs.add(name="m", datatype=datatype, shape=shape).contents
    getattr(contents, field).extend(values)
    return message


@pytest.mark.parametrize(
    ("message", "code", "words"),
    [
        (b"\xff\xff\xff", codes.INVALID_ARGUMENT, "no inference.ModelInferRequest"),
        (b"\x0a\x02\xc3\x28", codes.INVALID_ARGUMENT, "no inference.ModelInferRequest"),
        (b"", codes.INVALID_ARGUMENT, "name: found none"),
        (rows([0, 0], model="other"), codes.NOT_FOUND, "'other'"),
        (rows([0, 0], model="x" * 201), codes.NOT_FOUND, "201"),
        (rows([0, 0], model_version="3"), codes.NOT_FOUND, "expected one of: 1"),
        (rows([0, 0], model_version="9" * 30), codes.NOT_FOUND, "30"),
        (rows([0, float("inf")]), codes.INVALID_ARGUMENT, "row 0"),
        (broken(lambda m: m.raw_input_contents.append(b"")), codes.INVALID_ARGUMENT, "found 2 for 1"),
        (broken(lambda m: m.raw_input_contents.pop()), codes.INVALID_ARGUMENT, "0 values in fp64_contents"),
        (broken(lambda m: m.inputs[0].contents.SetInParent()), codes.INVALID_ARGUMENT, "one of the two"),
        (broken(lambda m: m.inputs[0].shape.append(9)), codes.INVALID_ARGUMENT, "shape"),
        (broken(lambda m: m.inputs.add(name="m")), codes.INVALID_ARGUMENT, "twice"),
        (broken(lambda m: m.parameters["time"].bool_param), codes.OK, ""),
        (broken(lambda m: setattr(m.parameters["key"], "double_param", 1.5)), codes.INVALID_ARGUMENT, "key"),
        (typed("FP64", "fp32_contents", [0, 0]), codes.INVALID_ARGUMENT, "expected FP64 in fp64_contents"),
        (typed("FP64", "fp64_contents", [0] * 3), codes.INVALID_ARGUMENT, "3 values"),
        (typed("FP16", "fp32_contents", [0, 0]), codes.INVALID_ARGUMENT, "raw_input_contents"),
        (typed("BF16", "fp32_contents", [0, 0]), codes.INVALID_ARGUMENT, "datatype"),
        (typed("INT8", "int_contents", [0, 128]), codes.INVALID_ARGUMENT, "outside of INT8"),
        (typed("UINT16", "uint_contents", [0, 65536]), codes.INVALID_ARGUMENT, "outside of UINT16"),
        (typed("BYTES", "bytes_contents", [b"\xff", b""]), codes.INVALID_ARGUMENT, "not UTF-8"),
        (typed("BYTES", "bytes_contents", [b"a", b"b"]), codes.INVALID_ARGUMENT, "column"),
        (rows(*[[0, 0]] * 51), codes.INVALID_ARGUMENT, "51 rows"),
    ],
)  # fmt: skip
def test_rubbish_is_told_by_a_code_and_the_words_of_rest_and_the_next_request_is_answered(
    message, code, words
):
    said = []
    bad, good = asked(
        ("ModelInfer", message), ("ModelInfer", rows([0, 0])), limits=ServeLimits(rows=50), say=said.append
    )
    assert bad.code == code and words in (bad.error if code else ""), bad.body
    assert good.code == codes.OK
    assert not [line for line in said if "500" in line]


def test_a_number_of_each_narrow_datatype_is_held_within_it():
    for datatype, (low, high) in RANGES.items():
        if datatype in ("INT8", "INT16", "UINT8", "UINT16"):
            message = typed(datatype, TYPED[datatype], [low, high])
            assert asked(("ModelInfer", message))[0].code == codes.OK


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_no_message_makes_it_fail(data):
    good = rows([0, 0]).SerializeToString() + typed("INT8", "int_contents", [1, 2]).SerializeToString()
    messages = []
    for _ in range(20):
        at = data.draw(st.integers(0, len(good)))
        cut = data.draw(st.integers(0, 4))
        messages.append(good[:at] + data.draw(st.binary(max_size=12)) + good[at + cut :])
    said = []
    calls = [(method, each) for each in messages for method in ("ModelInfer", "ModelMetadata", "ModelReady")]
    found = asked(*calls, ("ModelInfer", rows([0, 0])), say=said.append)
    assert {each.code for each in found} <= {codes.OK, codes.INVALID_ARGUMENT, codes.NOT_FOUND}, said
    assert found[-1].code == codes.OK


@pytest.mark.parametrize("method", METHODS)
def test_every_method_is_closed_but_to_a_token_for_its_action_or_says_that_it_is_open(method):
    message = {
        "ModelInfer": rows([0, 0]), "ModelReady": ModelReadyRequest(name="late"),
        "ModelMetadata": ModelMetadataRequest(name="late"),
    }.get(method, b"")  # fmt: skip
    action = METHODS[method].action
    right, header = made("right", actions=(action,) if action != "open" else ())
    wrong, other = made("wrong", actions=tuple(each for each in TOKEN_ACTIONS if each != action))
    elsewhere, third = made("elsewhere", models=("other",))
    calls = [
        (method, message, [] if each is None else [("authorization", each.decode())])
        for each in (None, other, header, third)
    ]
    found = asked(*calls, tokens=lambda: (right, wrong, elsewhere), nanoseconds=lambda: AT)
    if action == "open":
        assert method in ("ServerLive", "ServerReady")
        assert [each.code for each in found] == [codes.OK] * 4
        return
    last = codes.OK if method == "ServerMetadata" else codes.PERMISSION_DENIED
    assert [each.code for each in found] == [codes.UNAUTHENTICATED, codes.PERMISSION_DENIED, codes.OK, last]


def test_who_is_not_let_in_is_told_before_a_message_comes():
    token, header = made()
    shown = [("authorization", header.decode())]

    async def act(app, face):
        return [awaited(face, each) for each in ((), shown, shown * 2)]

    found = turn(act, tokens=lambda: (token,), nanoseconds=lambda: AT)
    assert found == [codes.UNAUTHENTICATED, None, codes.INVALID_ARGUMENT]


def awaited(face, metadata) -> int | None:
    """The code of a request that gets no further than its metadata, or None."""
    try:
        with face.awaiting_message(METHODS["ModelInfer"], metadata):
            return None
    except BadRequest as error:
        return Said(face.refuse(METHODS["ModelInfer"], error)).code


def test_a_request_whose_message_does_not_come_is_among_its_token_s_requests_at_once():
    token, header = made(quota=Quota(requests_at_once=1))
    shown = [("authorization", header.decode())]

    async def act(app, face):
        with pytest.raises(asyncio.CancelledError), face.awaiting_message(METHODS["ModelInfer"], shown):
            found = [awaited(face, shown), (await call(face, "ModelInfer", rows([0, 0]), shown)).code]
            raise asyncio.CancelledError  # it hangs up
        return [*found, awaited(face, shown), (await call(face, "ModelInfer", rows([0, 0]), shown)).code]

    found = turn(act, tokens=lambda: (token,), nanoseconds=lambda: AT)
    assert found == [codes.RESOURCE_EXHAUSTED, codes.RESOURCE_EXHAUSTED, None, codes.OK]


class Grpcio:
    """As much of it as the functions of the methods use."""

    StatusCode = ()
    GenericRpcHandler = object
    aio = SimpleNamespace(EOF=None)
    stream_unary_rpc_method_handler = stream_stream_rpc_method_handler = staticmethod(lambda call: call)


@pytest.mark.parametrize("method", ["ServerLive", "ServerReady"])
def test_no_message_of_a_stranger_is_read(method):
    async def act(app, face):
        handlers = _handlers(Grpcio, face)
        call = handlers.service(SimpleNamespace(method=METHODS[method].path))
        return await call(None, SimpleNamespace(invocation_metadata=lambda: ()))  # which has no `read`

    assert turn(act, tokens=tuple) == b"\x08\x01"


def test_a_quota_is_one_for_both_faces_and_says_when_to_ask_again():
    token, header = made(quota=Quota(rows_a_minute=2))
    shown = [("authorization", header.decode())]

    async def act(app, face):
        body = {"inputs": [{"name": "m", "shape": [1, 2], "datatype": "FP64", "data": [0, 0]}]}
        status, _, _ = await ask(app, "POST", "/v2/models/late/infer", body, headers=shown)
        return status, [await call(face, "ModelInfer", rows([0, 0]), shown) for _ in range(2)]

    status, (one, two) = turn(act, tokens=lambda: (token,), nanoseconds=lambda: AT)
    assert (status, one.code, two.code) == (200, codes.OK, codes.RESOURCE_EXHAUSTED)
    assert two.trailing["retry-after"] == "60"
    assert two.trailing["grpc-retry-pushback-ms"] == "60000"


def test_requests_at_once_are_counted_until_they_are_answered():
    token, header = made(quota=Quota(requests_at_once=1))
    shown = [("authorization", header.decode())]

    async def act(app, face):
        first = asyncio.ensure_future(call(face, "ModelInfer", bulky(rows([0, 0])), shown))
        await asyncio.sleep(0)
        second = await call(face, "ModelInfer", rows([0, 0]), shown)
        return [second.code, (await first).code, (await call(face, "ModelInfer", rows([0, 0]), shown)).code]

    found = turn(act, tokens=lambda: (token,), nanoseconds=lambda: AT)
    assert found == [codes.RESOURCE_EXHAUSTED, codes.OK, codes.OK]


def test_an_answer_tells_a_token_no_more_than_it_may():
    token, header = made(label_only=True)
    (reply,) = asked(
        ("ModelInfer", rows([0, 0]), [("authorization", header.decode())]),
        tokens=lambda: (token,), nanoseconds=lambda: AT,
    )  # fmt: skip
    assert [*outputs(reply.read(ModelInferResponse))] == ["label", "prediction_id"]


def test_a_token_that_is_shown_twice_is_none():
    _, header = made()
    (reply,) = asked(("ServerLive", b"", [("authorization", header.decode())] * 2))
    assert reply.code == codes.INVALID_ARGUMENT and "twice" in reply.error


def test_requests_are_counted_by_method_and_those_under_way_too():
    async def act(app, face):
        for message in (rows([0, 0]), rows([0, 0]), rows([0])):
            await call(face, "ModelInfer", message)
        return (await ask(app, "GET", "/metrics"))[2].decode()

    text = turn(act)
    assert 'comporta_requests_total{route="grpc_infer",status="200"} 2' in text
    assert 'comporta_requests_total{route="grpc_infer",status="400"} 1' in text
    assert 'comporta_request_failures_total{model="late",version="1"} 1' in text
    assert "comporta_requests_in_flight 1" in text  # the one that asks
    assert 'comporta_rows_answered_total{model="late",version="1"} 2' in text


def test_a_large_message_says_what_a_small_one_says():
    many = rows(*[[n, 0.0] for n in range(6000)])
    assert len(many.SerializeToString()) > 64 * 1024
    whole, first = (
        outputs(each.read(ModelInferResponse))
        for each in asked(("ModelInfer", many), ("ModelInfer", rows(*[[n, 0.0] for n in range(100)])))
    )
    assert whole["probability"][:100] == first["probability"]
    assert len(whole["prediction_id"]) == 6000


def bulky(message) -> bytes:
    """The message with a field that nobody knows, so that it is large."""
    return message.SerializeToString() + b"\xfa\x07\xa0\x8d\x06" + b"x" * 100_000


def with_parameters(number):
    """A request whose output has so many parameters."""
    message = rows([0, 0])
    parameters = message.outputs.add(name="label").parameters
    for each in range(number):
        parameters[str(each)].bool_param = False
    return message


@pytest.mark.parametrize("message", [
    bulky(typed("BOOL", "bool_contents", [True] * 200_000)),
    bulky(typed("BYTES", "bytes_contents", [b""] * 200_000)),
    bulky(typed("FP64", "fp64_contents", [0.0] * 200_000)),
    bulky(typed("FP64", "fp64_contents", [], shape=[1] * 200_000)),
    b"\x0a\x04late" + b"\x2a\x00" * 50_000,
    b"\x2a\x00" * 50_000,
    with_parameters(MOST_FIELDS + 1),
])  # fmt: skip
def test_what_would_become_too_much_is_refused_before_it_is_decoded(message, monkeypatch):
    monkeypatch.setattr("comporta.serve.grpc.methods.read_message", None)
    (reply,) = asked(("ModelInfer", message), limits=ServeLimits(rows=1000))
    assert reply.code == codes.INVALID_ARGUMENT
    assert "Send" in reply.error
    assert MOST_FIELDS < 50_000


def test_no_grpcio_is_taken_that_unpacks_a_message_whatever_it_becomes():
    """Those before 1.84 unpack all of it, and then find that it is too large."""
    extras = tomllib.loads(PYPROJECT.read_text())["project"]["optional-dependencies"]
    (wanted,) = [Requirement(each) for each in extras["grpc"] if each.startswith("grpcio")]
    assert "1.83.9" not in wanted.specifier and "1.84.0" in wanted.specifier


def test_a_large_message_that_is_cut_off_is_no_message():
    message = bulky(rows([0, 0]))
    found = asked(("ModelInfer", message), ("ModelInfer", message[:-5]), ("ModelInfer", message + b"\x0b"))
    assert [each.code for each in found] == [codes.OK, codes.INVALID_ARGUMENT, codes.INVALID_ARGUMENT]


def test_bodies_are_bounded_together_with_those_of_http():
    (reply,) = asked(("ModelInfer", bulky(rows([0, 0]))), limits=ServeLimits(bodies=80_000))
    assert reply.code == codes.UNAVAILABLE
    assert reply.trailing["retry-after"] == "1"


def test_who_hangs_up_while_it_is_answered_is_logged_all_the_same():
    sink = MemorySink()

    async def act(app, face):
        reply = face.answer(METHODS["ModelInfer"], (), bulky(rows([0, 0])))
        waiting = asyncio.ensure_future(reply)
        await asyncio.sleep(0)
        waiting.cancel()
        await face.drain()

    turn(act, sink=sink)
    assert len(sink.observations) == 1


def test_a_fault_of_a_model_is_internal_and_tells_nothing_of_it():
    def failing(model, number):
        def predict(frame):
            if frame["x"][0] == 7.0:
                raise RuntimeError("secret 7.0")
            return ModelScores(frame["x"].to_numpy(), None)

        return LoadedVersion(model=model, number=number, predict=predict, signature=Signature(
            raw=NUMBER, features=NUMBER, output="label", task="regression", label="Float64"))  # fmt: skip

    said = []
    message = ModelInferRequest(model_name="late")
    message.inputs.add(name="x", datatype="FP64", shape=[1]).contents.fp64_contents.append(7.0)
    (reply,) = asked(("ModelInfer", message), load=failing, say=said.append)
    assert reply.code == codes.INTERNAL
    assert "secret" not in reply.error + "".join(said)
    assert any("ModelInfer: answered 500 because of RuntimeError" in line for line in said)


def test_without_a_release_it_is_not_ready_and_predictions_are_unavailable_or_not_found():
    ready, model, infer = asked(
        ("ServerReady",), ("ModelReady", ModelReadyRequest(name="late")), ("ModelInfer", rows([0, 0])),
        routes={},
    )  # fmt: skip
    assert not model.read(ModelReadyResponse).ready
    assert infer.code in (codes.NOT_FOUND, codes.UNAVAILABLE)
    assert ready.code == codes.OK


def test_a_matrix_of_mixed_columns_is_read_by_column_as_over_rest():
    import polars as pl

    frame = pl.DataFrame({"gap": [1.0], "sure": [2.0], "flag": [True], "count": [3], "word": ["a"]})
    body = json.loads(as_json(frame, FIELDS))
    message = ModelInferRequest(model_name="late")
    for each in body["inputs"]:
        message.inputs.add(name=each["name"], datatype=each["datatype"], shape=each["shape"])
        message.raw_input_contents.append(tensor_to_bytes(each["datatype"], each["data"]))
    seen = []

    def load(model, number):
        def predict(table):
            seen.append(table.row(0))
            return ModelScores(np.zeros(table.height), None)

        return LoadedVersion(model=model, number=number, signature=TAKES, predict=predict)

    assert asked(("ModelInfer", message), load=load)[0].code == codes.OK
    assert seen[-1] == (1.0, 2.0, True, 3, "a")


def test_without_grpcio_one_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "grpc", None)
    with pytest.raises(MissingExtra, match=r"comporta serve --grpc needs grpcio.*comporta\[grpc\]"):
        open_options(ServerOptions(grpc=0))
    assert "grpc" not in {each.partition(".")[0] for each, found in sys.modules.items() if found}
