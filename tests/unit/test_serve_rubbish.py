# ruff: noqa: E501 - a table reads best with a case a line
"""Rubbish: for each kind one clear 4xx in the shape of its protocol, never a 500, and nothing is kept of it."""

import asyncio
import json
import struct
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comporta.records import Field, Share, Signature
from comporta.serve import App, LoadedVersion, ModelScores, ServeLimits
from comporta.serve.paths import PATHS
from comporta.testing.serving import MemorySink, MemorySource, ask

SECRET = "fine-print-4711"
FIELDS = (
    Field(name="n", type="Int32", nullable=False),
    Field(name="x", type="Float64", nullable=False),
    Field(name="w", type="String", values=("a", "b")),
    Field(name="b", type="Boolean"),
    Field(name="t", type="Datetime(time_unit='us', time_zone='UTC')"),
    Field(name="d", type="Date"),
)
NUMBERS = tuple(Field(name=f"x{i}", type="Float64", nullable=False) for i in range(3))


def make(model: str, number: int) -> LoadedVersion:
    """`mixed`: every kind of column, and words that were not seen in training it cannot answer for.
    `plain`: three numbers; a negative first one makes it raise, a huge one gives no finite number."""

    def mixed(frame: pl.DataFrame) -> ModelScores:
        if not frame["w"].is_in(["a", "b"]).fill_null(True).all():
            raise KeyError(SECRET)
        return ModelScores(frame["x"].to_numpy(), None)

    def plain(rows: Any) -> ModelScores:
        if (rows[:, 0] < 0).any():
            raise ZeroDivisionError(SECRET)
        with np.errstate(over="ignore"):
            return ModelScores(rows[:, 0] * 1e200, None)

    raw = FIELDS if model == "mixed" else NUMBERS
    return LoadedVersion(
        model=model, number=number,
        signature=Signature(raw=raw, features=raw, output="label", task="regression", label="Float64"),
        predict=mixed if model == "mixed" else lambda frame: plain(frame.to_numpy()),
        fast=None if model == "mixed" else plain,
        requires=("unit",) if model == "asks" else (),
    )  # fmt: skip


class Server:
    """One application and one loop for all requests of this file."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.sink = MemorySink()
        self.loop = asyncio.new_event_loop()
        one = (Share(version=1, weight=1.0),)
        source = MemorySource(make, {"mixed": one, "plain": one, "asks": one})
        self.app = App(
            source, self.sink, key=b"r" * 32, flush=0.01, say=self.said.append,
            limits=ServeLimits(body=20_000, rows=50, seconds=0.2),
        )  # fmt: skip
        self.loop.run_until_complete(self.app.__aenter__())

    def ask(self, *args: Any, **named: Any) -> tuple[int, dict[str, str], bytes]:
        return self.loop.run_until_complete(ask(self.app, *args, **named))

    def close(self) -> None:
        self.loop.run_until_complete(self.app.close())
        self.loop.close()


@pytest.fixture(scope="module")
def server():
    made = Server()
    yield made
    made.close()


def tensor(name: str, kind: str, data: Any, shape: Any = None) -> dict[str, Any]:
    return {"name": name, "shape": [len(data)] if shape is None else shape, "datatype": kind, "data": data}


ROW = {
    "n": tensor("n", "INT64", [1]),
    "x": tensor("x", "FP64", [1.5]),
    "w": tensor("w", "BYTES", ["a"]),
    "b": tensor("b", "BOOL", [True]),
    "t": tensor("t", "BYTES", ["2026-01-01T00:00:00Z"]),
    "d": tensor("d", "BYTES", ["2026-01-01"]),
}


def row(**other: Any) -> dict[str, Any]:
    return {"inputs": [each for each in {**ROW, **other}.values() if each is not None]}


def matrix(data: Any, shape: Any = None, kind: str = "FP64") -> dict[str, Any]:
    return {"inputs": [tensor("m", kind, data, shape or [1, 3])]}


MIXED, PLAIN = "/v2/models/mixed/infer", "/v2/models/plain/infer"
CALL = "/models/mixed/invocations"
GOOD = {"n": 1, "x": 1.5, "w": "a", "b": True, "t": None, "d": "2026-01-01"}
NO_UNIT = "/v2/models/asks/infer"

RUBBISH: list[tuple[str, tuple[str, str, Any], dict[str, Any], int, str]] = [
    ("not json", ("POST", MIXED, b"{nope"), {}, 400, "not JSON"),
    ("an empty body", ("POST", MIXED, b""), {}, 400, "not JSON"),
    ("not utf-8", ("POST", MIXED, b'{"id":"\xff"}'), {}, 400, "not JSON"),
    ("NaN in JSON", ("POST", PLAIN, b'{"inputs":[{"name":"m","shape":[1,3],"datatype":"FP64","data":[NaN,1,2]}]}'), {}, 400, "not JSON"),
    ("Infinity in JSON", ("POST", PLAIN, b'{"inputs":[{"name":"m","shape":[1,3],"datatype":"FP64","data":[1,-Infinity,2]}]}'), {}, 400, "not JSON"),
    ("a number beyond floats", ("POST", PLAIN, b'{"inputs":[{"name":"m","shape":[1,3],"datatype":"FP64","data":[1e999,1,2]}]}'), {}, 400, "out of range"),
    ("nested without end", ("POST", MIXED, b'{"inputs":' + b"[" * 9000), {}, 400, "body"),
    ("data nested without end", ("POST", MIXED, {"inputs": [{**ROW["n"], "data": json.loads("[" * 200 + "]" * 200)}]}), {}, 400, "input 'n'"),
    ("an array for a body", ("POST", MIXED, []), {}, 400, "object"),
    ("no inputs", ("POST", MIXED, {"id": "x"}), {}, 400, "inputs"),
    ("empty inputs", ("POST", MIXED, {"inputs": []}), {}, 400, "found none"),
    ("inputs of another shape", ("POST", MIXED, {"inputs": {"n": 1}}), {}, 400, "array"),
    ("no data", ("POST", MIXED, row(n={"name": "n", "shape": [1], "datatype": "INT64"})), {}, 400, "no 'data'"),
    ("data that is a word", ("POST", MIXED, row(n={**ROW["n"], "data": SECRET})), {}, 400, "Expected `array`"),
    ("a missing column", ("POST", MIXED, row(x=None)), {}, 400, "found no 'x'"),
    ("an unknown column", ("POST", MIXED, row(z=tensor("z", "FP64", [1]))), {}, 400, "does not take"),
    ("a column twice", ("POST", MIXED, {"inputs": [*ROW.values(), ROW["n"]]}), {}, 400, "twice"),
    ("columns of different lengths", ("POST", MIXED, row(n=tensor("n", "INT64", [1, 2]))), {}, 400, "rows"),
    ("a shape that is not its data's", ("POST", MIXED, row(n={**ROW["n"], "shape": [3]})), {}, 400, "by its shape"),
    ("a negative shape", ("POST", MIXED, row(n={**ROW["n"], "shape": [-1]})), {}, 400, "at least 1"),
    ("an empty shape", ("POST", MIXED, row(n={**ROW["n"], "shape": []})), {}, 400, "shape"),
    ("no rows", ("POST", MIXED, row(n={**ROW["n"], "shape": [0], "data": []})), {}, 400, "at least 1"),
    ("a huge shape", ("POST", MIXED, row(n={**ROW["n"], "shape": [2**40]})), {}, 400, "shape"),
    ("a tensor of three sizes", ("POST", PLAIN, matrix([1, 2, 3], [1, 1, 3])), {}, 400, "one or two sizes"),
    ("a matrix of other columns", ("POST", PLAIN, matrix([1, 2], [1, 2])), {}, 400, "matrix of all columns"),
    ("a matrix beside columns", ("POST", PLAIN, {"inputs": [*matrix([1, 2, 3])["inputs"], tensor("x0", "FP64", [1])]}), {}, 400, "one or the other"),
    ("an unknown datatype", ("POST", MIXED, row(n=tensor("n", "INT128", [1]))), {}, 400, "datatype"),
    ("text in a number's tensor", ("POST", MIXED, row(n=tensor("n", "INT64", [SECRET]))), {}, 400, "found text"),
    ("text for a number", ("POST", MIXED, row(n=tensor("n", "BYTES", [SECRET]))), {}, 400, "column 'n', row 0: found text"),
    ("a number for text", ("POST", MIXED, row(w=tensor("w", "INT64", [4711]))), {}, 400, "expected text"),
    ("a number for true or false", ("POST", MIXED, row(b=tensor("b", "INT64", [2]))), {}, 400, "row 0: found a number other than 0 and 1"),
    ("an integer beyond its datatype", ("POST", MIXED, row(n=tensor("n", "INT8", [128]))), {}, 400, "row 0: found a number outside of INT8, expected -128 to 127"),
    ("a negative number in an unsigned datatype", ("POST", MIXED, row(n=tensor("n", "UINT64", [-1]))), {}, 400, "outside of UINT64"),
    ("an integer beyond 64 bits", ("POST", MIXED, row(n=tensor("n", "INT64", [2**63]))), {}, 400, "outside of INT64"),
    ("an integer beyond 32 bits, quickly read", ("POST", PLAIN, {"inputs": [tensor(f"x{i}", "INT32", [1, 2**31]) for i in range(3)]}), {}, 400, "input 'x0', row 1: found a number outside of INT32"),
    ("a float beyond its datatype", ("POST", PLAIN, matrix([1, 2, 3, 4, 1e39, 5], [2, 3], "FP32")), {}, 400, "input 'm', row 1, column 1: found a number outside of FP32"),
    ("a half float beyond its datatype", ("POST", PLAIN, matrix([1, 65505, 3], kind="FP16")), {}, 400, "row 0, column 1: found a number outside of FP16"),
    ("a float datatype that is none", ("POST", PLAIN, matrix([1, 2, 3], kind="FP99")), {}, 400, "found the datatype 'FP99'"),
    ("an infinite number in bytes", ("POST", PLAIN, (INFINITE := b'{"inputs":[{"name":"m","shape":[1,3],"datatype":"FP32","parameters":{"binary_data_size":12}}]}') + struct.pack("<3f", 1, float("inf"), 3)), {"headers": [("inference-header-content-length", str(len(INFINITE)))]}, 400, "column 'x1', row 0: found an infinite number"),
    ("a fraction for a whole number", ("POST", MIXED, row(n=tensor("n", "FP64", [1.5]))), {}, 400, "fraction"),
    ("a fraction in an INT tensor", ("POST", MIXED, row(n=tensor("n", "INT64", [1.5]))), {}, 400, "expected INT64"),
    ("a whole number out of range", ("POST", MIXED, row(n=tensor("n", "INT64", [2**31]))), {}, 400, "too large"),
    ("an integer beyond floats", ("POST", MIXED, row(x=tensor("x", "FP64", [10**400]))), {}, 400, ""),
    ("null where none is taken", ("POST", MIXED, row(x=tensor("x", "FP64", [None]))), {}, 400, "missing value"),
    ("null in a matrix", ("POST", PLAIN, matrix([1, None, 3])), {}, 400, "column 'x1', row 0: found a missing value"),
    ("an object in data", ("POST", MIXED, row(w=tensor("w", "BYTES", [{"a": 1}]))), {}, 400, "lists or objects"),
    ("a word never seen", ("POST", MIXED, row(w=tensor("w", "BYTES", [SECRET]))), {}, 400, "never saw"),
    ("a time that is none", ("POST", MIXED, row(t=tensor("t", "BYTES", [SECRET]))), {}, 400, "no time"),
    ("a time without a zone", ("POST", MIXED, row(t=tensor("t", "BYTES", ["2026-01-01T00:00:00"]))), {}, 400, "without a time zone"),
    ("a time before time", ("POST", MIXED, row(t=tensor("t", "BYTES", ["0001-01-01T00:00:00+23:00"]))), {}, 400, "no time"),
    ("a date that is none", ("POST", MIXED, row(d=tensor("d", "BYTES", ["2026-02-31"]))), {}, 400, "no date"),
    ("an answer that is not finite", ("POST", PLAIN, matrix([1e200, 0, 0])), {}, 400, "no finite number"),
    ("some answers that are not finite", ("POST", PLAIN, matrix([1, 0, 0, 1e200, 0, 0, 2, 0, 0, 1e300, 0, 0], [4, 3])), {}, 400, "prediction, row 1, 3: the model gives no finite number"),
    ("too many rows", ("POST", PLAIN, matrix([0] * 153, [51, 3])), {}, 413, "at most 50"),
    ("an unknown output", ("POST", PLAIN, {**matrix([1, 2, 3]), "outputs": [{"name": "zz"}]}), {}, 400, "outputs"),
    ("parameters of another shape", ("POST", PLAIN, {**matrix([1, 2, 3]), "parameters": {"unit": [1]}}), {}, 400, "parameters"),
    ("a unit too long", ("POST", PLAIN, {**matrix([1, 2, 3]), "parameters": {"unit": "u" * 600}}), {}, 400, "at most 512"),
    ("a unit that is a fraction", ("POST", PLAIN, {**matrix([1, 2, 3]), "parameters": {"unit": 1.5}}), {}, 400, "unit"),
    ("a time parameter that is none", ("POST", PLAIN, {**matrix([1, 2, 3]), "parameters": {"time": "soon"}}), {}, 400, "time zone"),
    ("binary flags that are none", ("POST", PLAIN, {**matrix([1, 2, 3]), "parameters": {"binary_data_output": 1}}), {}, 400, "true or false"),
    ("no unit where it is asked for", ("POST", NO_UNIT, matrix([1, 2, 3])), {}, 400, "'unit'"),
    ("more binary data than there is", ("POST", PLAIN, b'{"inputs":[{"name":"m","shape":[1,3],"datatype":"FP64","parameters":{"binary_data_size":24}}]}'), {}, 400, "binary_data_size"),
    ("a JSON size beyond the body", ("POST", PLAIN, b"{}"), {"headers": [("inference-header-content-length", "99")]}, 400, "Inference-Header"),
    ("a JSON size that is none", ("POST", PLAIN, b"{}"), {"headers": [("inference-header-content-length", "x")]}, 400, "Inference-Header"),
    ("bytes after the last input", ("POST", PLAIN, json.dumps(matrix([1, 2, 3])).encode() + b"zz"), {"headers": [("inference-header-content-length", str(len(json.dumps(matrix([1, 2, 3])))))]}, 400, "after the last input"),
    ("an unknown model", ("POST", "/v2/models/other/infer", matrix([1, 2, 3])), {}, 404, "found no model 'other'"),
    ("an unknown version", ("POST", "/v2/models/plain/versions/9/infer", matrix([1, 2, 3])), {}, 404, "not served"),
    ("a version that is no number", ("POST", "/v2/models/plain/versions/x/infer", matrix([1, 2, 3])), {}, 404, "not served"),
    ("an unknown path", ("POST", "/v2/nothing", b""), {}, 404, "no such path"),
    ("a path that climbs", ("GET", "/v2/models/../../etc/passwd", b""), {}, 404, "no such path"),
    ("another method", ("DELETE", MIXED, b""), {}, 405, "expected POST"),
    ("another content type", ("POST", MIXED, row()), {"kind": "text/xml"}, 415, "application/json"),
    ("a packing that is not taken", ("POST", MIXED, row()), {"headers": [("content-encoding", "br")]}, 415, "gzip, deflate"),
    ("a body that is not packed as it says", ("POST", MIXED, row()), {"headers": [("content-encoding", "gzip")]}, 400, "not whole as gzip"),
    ("a body too large", ("POST", MIXED, b" " * 20_001), {}, 413, "at most 20000"),
    ("a body announced too large", ("POST", MIXED, b""), {"headers": [("content-length", "999999")]}, 413, "at most 20000"),
    ("a body too large in pieces", ("POST", MIXED, b" " * 30_000), {"pieces": 9}, 413, "at most 20000"),
    ("another host", ("GET", "/v2/health/live", b""), {"host": "evil.example"}, 421, "Host"),
    ("a host that begins well", ("GET", "/v2/health/live", b""), {"host": "localhost.evil.example"}, 421, "Host"),
    ("a web page", ("POST", MIXED, row()), {"headers": [("origin", "http://evil.example")]}, 403, "web page"),
    ("invocations without a form", ("POST", CALL, {"rows": []}), {}, 400, "exactly one of"),
    ("invocations of two forms", ("POST", CALL, {"instances": [], "inputs": []}), {}, 400, "instances and inputs"),
    ("invocations with unknown fields", ("POST", CALL, {"instances": [GOOD], SECRET: 1}), {}, 400, "unknown fields"),
    ("invocations that is a list", ("POST", CALL, [GOOD]), {}, 400, "object"),
    ("a split with unknown fields", ("POST", CALL, {"dataframe_split": {"data": [[1]], "rows": 1}}), {}, 400, "unknown field"),
    ("a split of ragged rows", ("POST", CALL, {"dataframe_split": {"columns": ["n"], "data": [[1], [1, 2]]}}), {}, 400, "row 1: found 2 values"),
    ("a split with a column twice", ("POST", CALL, {"dataframe_split": {"columns": ["n", "n"], "data": [[1, 2]]}}), {}, 400, "twice"),
    ("records that differ", ("POST", CALL, {"dataframe_records": [GOOD, {"n": 1}]}), {}, 400, "row 1"),
    ("records that are numbers", ("POST", CALL, {"dataframe_records": [1, 2]}), {}, 400, "object"),
    ("instances of mixed shapes", ("POST", CALL, {"instances": [GOOD, [1]]}), {}, 400, "rows as lists"),
    ("instances that are one number", ("POST", CALL, {"instances": 7}), {}, 400, "rows as lists"),
    ("inputs of scalars", ("POST", CALL, {"inputs": {"n": 1}}), {}, 400, "to be a list"),
    ("inputs of different lengths", ("POST", CALL, {"inputs": {"n": [1], "x": [1, 2]}}), {}, 400, "1 to 2 rows"),
    ("no rows to invoke", ("POST", CALL, {"instances": []}), {}, 400, "no rows"),
    ("too many rows to invoke", ("POST", CALL, {"instances": [GOOD] * 51}), {}, 413, "at most 50"),
    ("a missing column to invoke", ("POST", CALL, {"instances": [{"n": 1}]}), {}, 400, "found no 'x'"),
    ("params of another shape", ("POST", CALL, {"instances": [GOOD], "params": 3}), {}, 400, "object"),
    ("CSV without rows", ("POST", CALL, b"n,x\n"), {"kind": "text/csv"}, 400, "at least one row"),
    ("CSV of ragged rows", ("POST", CALL, b"n,x\n1\n"), {"kind": "text/csv"}, 400, "line 0"),
    ("CSV with text for a number", ("POST", CALL, b"n,x,w,b,t,d\nzz,1,a,true,,\n"), {"kind": "text/csv"}, 400, "column 'n', row 0: found text"),
    ("CSV with digits in groups", ("POST", CALL, b"n,x,w,b,t,d\n1_0,1,a,true,,\n"), {"kind": "text/csv"}, 400, "column 'n', row 0: found text"),
    ("CSV with digits of another script", ("POST", CALL, "n,x,w,b,t,d\n\u0661,1,a,true,,\n".encode()), {"kind": "text/csv"}, 400, "column 'n', row 0: found text"),
    ("CSV with a number in brackets", ("POST", CALL, b'n,x,w,b,t,d\n[1],1,a,true,,\n'), {"kind": "text/csv"}, 400, "column 'n', row 0: found text"),
    ("CSV with two numbers in a cell", ("POST", CALL, b'n,x,w,b,t,d\n"1,2",1,a,true,,\n'), {"kind": "text/csv"}, 400, "column 'n', row 0: found text"),
    ("CSV with nothing where a value must be", ("POST", CALL, b"n,x,w,b,t,d\n1,NaN,a,true,,\n"), {"kind": "text/csv"}, 400, "column 'x', row 0: found a missing value"),
    ("CSV with a number too large", ("POST", CALL, b"n,x,w,b,t,d\n1,1e999,a,true,,\n"), {"kind": "text/csv"}, 400, "not finite"),
    ("CSV with 5,000 digits", ("POST", CALL, b"n,x,w,b,t,d\n" + b"1" * 5000 + b",1,a,true,,\n"), {"kind": "text/csv"}, 400, "column 'n', row 0: found a number"),
    ("CSV with a 2 for true or false", ("POST", CALL, b"n,x,w,b,t,d\n1,1,a,2,,\n"), {"kind": "text/csv"}, 400, "column 'b', row 0"),
    ("a time as pandas' milliseconds", ("POST", CALL, {"dataframe_records": [{**GOOD, "t": 1767225600000}]}), {}, 400, 'date_format="iso"'),
    ("a time finer than microseconds", ("POST", CALL, {"dataframe_records": [{**GOOD, "t": "2026-01-01T00:00:00.123456789Z"}]}), {}, 400, "finer than microseconds, expected times as ISO 8601 text with a time zone"),
    ("a time of a row finer than microseconds", ("POST", CALL, {"dataframe_records": [{**GOOD, "__time": "2026-01-01T00:00:00.0000001Z"}]}), {}, 400, "found a time finer than microseconds"),
    ("a time as pandas without a zone", ("POST", CALL, {"dataframe_records": [{**GOOD, "t": "2026-01-01 00:00:00"}]}), {}, 400, "tz_localize"),
    ("a time of day for a date", ("POST", CALL, {"dataframe_records": [{**GOOD, "d": "2026-01-01T00:00:01"}]}), {}, 400, "column 'd', row 0: found a time of the day"),
    ("pandas' to_json as it is", ("POST", CALL, {name: {"0": value} for name, value in GOOD.items()}), {}, 400, 'orient="split"'),
    ("pandas' records without a name", ("POST", CALL, [GOOD]), {}, 400, "dataframe_records"),
    ("pandas' columns as records", ("POST", CALL, {"dataframe_records": {"n": {"0": 1}}}), {}, 400, 'orient="records"'),
    ("columns of other indexes", ("POST", CALL, {"inputs": {"n": {"0": 1}, "x": {"1": 1}}}), {}, 400, "different indexes"),
    ("CSV that is not UTF-8", ("POST", CALL, b"n,x\n\xff,1\n"), {"kind": "text/csv"}, 400, "UTF-8"),
    ("CSV with an infinite number", ("POST", CALL, b"n,x,w,b,t,d\n1,inf,a,true,,\n"), {"kind": "text/csv"}, 400, "not finite"),
    ("invocations of another type", ("POST", CALL, b"x"), {"kind": "text/plain"}, 415, "text/csv"),
    ("invocations of another charset", ("POST", CALL, b"{}"), {"kind": "application/json; charset=latin-1"}, 415, "UTF-8"),
    ("several models at invocations", ("POST", "/invocations", {"instances": [GOOD]}), {}, 404, "several models"),
    ("feedback without an id", ("POST", "/feedback", {"label": 1}), {}, 400, "id"),
    ("feedback for an id that is none", ("POST", "/feedback", {"id": SECRET, "label": 1}), {}, 400, "32 hex digits"),
    ("feedback without a label", ("POST", "/feedback", {"id": "0" * 32}), {}, 400, "label"),
    ("feedback with a list for a label", ("POST", "/feedback", {"id": "0" * 32, "label": [1]}), {}, 400, "label"),
    ("feedback at no time", ("POST", "/feedback", {"id": "0" * 32, "label": 1, "at": "soon"}), {}, 400, "'at'"),
    ("no feedback", ("POST", "/feedback", []), {}, 400, "at least one"),
    ("feedback with unknown fields", ("POST", "/feedback", {"id": "0" * 32, "label": 1, "who": 1}), {}, 400, "unknown field"),
    ("too much feedback", ("POST", "/feedback", [{"id": "0" * 32, "label": 1}] * 51), {}, 413, "at most 50"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "call", "named", "status", "says"), RUBBISH, ids=[each[0] for each in RUBBISH]
)
def test_rubbish_is_refused_clearly(server, name, call, named, status, says) -> None:
    server.sink.observations.clear()
    server.sink.told.clear()
    found, headers, data = server.ask(*call, **named)
    assert found == status, data
    said = json.loads(data)
    if "invocations" in call[1] and status != 403:
        assert set(said) == {"error_code", "message"}
        message = said["message"]
    else:
        assert set(said) == {"error"}
        message = said["error"]
    assert says in message
    assert headers["content-type"] == "application/json"
    assert SECRET not in message, "an error shows what was sent"
    assert len(message) < 400
    server.loop.run_until_complete(asyncio.sleep(0.02))
    assert not server.sink.observations
    assert not server.sink.told


def test_the_row_that_the_rubbish_is_made_of_is_good(server) -> None:
    assert server.ask("POST", MIXED, row())[0] == 200
    assert server.ask("POST", CALL, {"instances": [GOOD]})[0] == 200


def test_a_method_that_is_not_taken_is_told_which_are(server) -> None:
    for route in PATHS:
        path = route.path.replace("{model}", "plain").replace("[/versions/{version}]", "")
        for method in {"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"} - {route.method}:
            status, headers, _ = server.ask(method, path)
            assert (status, headers["allow"]) == (405, route.method)


def test_every_route_answers_without_a_500_when_given_nothing(server) -> None:
    for route in PATHS:
        for path in (route.path, route.path.replace("[/versions/{version}]", "/versions/1")):
            named = path.replace("{model}", "plain").replace("[/versions/{version}]", "")
            status, _, _ = server.ask(route.method, named)
            assert status < 500, named


def test_a_model_that_raises_is_a_500_that_tells_nothing_of_the_inside(server) -> None:
    status, _, data = server.ask("POST", PLAIN, matrix([-1, 0, 0]))
    assert status == 500
    assert SECRET.encode() not in data
    assert b"Error" not in data
    assert any("ZeroDivisionError" in line for line in server.said)
    assert not any(SECRET in line for line in server.said)


def test_a_body_that_does_not_come_is_given_up(server) -> None:
    async def turn() -> int:
        answers: list[dict[str, Any]] = []
        first = [{"type": "http.request", "body": b"{", "more_body": True}]

        async def receive() -> dict[str, Any]:
            if first:
                return first.pop()
            await asyncio.sleep(30)
            raise AssertionError

        async def send(message: dict[str, Any]) -> None:
            answers.append(message)

        scope = {"type": "http", "method": "POST", "path": PLAIN, "headers": [(b"host", b"localhost")]}
        await server.app(scope, receive, send)
        return answers[0]["status"]

    assert server.loop.run_until_complete(turn()) == 408


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)
DATA = st.one_of(JSON, st.lists(st.floats() | st.integers() | st.none() | st.text(max_size=4), max_size=4))
TENSOR = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from([*"nxwbtd", "m", "x0", "x1", "x2", "__unit", "__time"]) | st.text(max_size=4),
        "shape": st.lists(st.integers(-1, 4), max_size=3) | JSON,
        "datatype": st.sampled_from(["FP64", "FP32", "INT64", "BOOL", "BYTES", "UINT8", "FP16"]) | JSON,
        "data": DATA,
        "parameters": st.dictionaries(st.sampled_from(["binary_data_size", "a"]), JSON, max_size=2),
    },
)
V2 = st.fixed_dictionaries(
    {"inputs": st.lists(TENSOR, max_size=6) | JSON},
    optional={
        "id": JSON,
        "parameters": st.dictionaries(st.sampled_from(["key", "unit", "time", "binary_data_output"]), JSON) | JSON,
        "outputs": st.lists(st.fixed_dictionaries({"name": st.text(max_size=3)}), max_size=2) | JSON,
    },
)  # fmt: skip
MLFLOW = st.dictionaries(
    st.sampled_from(["dataframe_split", "dataframe_records", "instances", "inputs", "params"]),
    st.one_of(
        JSON,
        st.lists(st.dictionaries(st.sampled_from([*"nxwbtd", "__unit"]), JSON, max_size=7), max_size=3),
        st.fixed_dictionaries({"data": JSON}, optional={"columns": JSON, "index": JSON}),
        st.dictionaries(st.sampled_from([*"nxwbtd", "__time"]), DATA, max_size=7),
    ),
    max_size=2,
)
FUZZ = settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FUZZ
@given(st.sampled_from([MIXED, PLAIN, NO_UNIT]), V2)
def test_no_open_inference_body_is_a_500(server, path, body) -> None:
    status, _, data = server.ask("POST", path, body)
    # The toy model raises on a negative first number: that one is its own fault.
    assert status < 500 or "-" in json.dumps(body), data


@FUZZ
@given(MLFLOW)
def test_no_mlflow_body_is_a_500(server, body) -> None:
    status, _, data = server.ask("POST", CALL, body)
    assert status < 500, data


@FUZZ
@given(JSON)
def test_no_feedback_is_a_500(server, body) -> None:
    assert server.ask("POST", "/feedback", body)[0] < 500


@FUZZ
@given(st.sampled_from([MIXED, PLAIN, CALL, "/feedback"]), st.binary(max_size=200), st.booleans())
def test_no_bytes_are_a_500(server, path, body, csv) -> None:
    kind = "text/csv" if csv and path == CALL else "application/json"
    assert server.ask("POST", path, body, kind=kind)[0] < 500


@FUZZ
@given(
    st.sampled_from(["FP64", "FP32", "BYTES", "INT8", "BOOL"]), st.lists(st.integers(1, 3), max_size=2),
    st.binary(max_size=64), st.integers(-1, 70),
)  # fmt: skip
def test_no_binary_tensor_is_a_500(server, kind, shape, tail, size) -> None:
    first = {"name": "m", "shape": shape, "datatype": kind, "parameters": {"binary_data_size": size}}
    head = json.dumps({"inputs": [first]}).encode()
    headers = [("inference-header-content-length", str(len(head)))]
    status, _, data = server.ask("POST", PLAIN, head + tail, headers=headers, kind=None)
    # The toy model raises on a negative first number: that one is its own fault.
    assert status < 500 or b"failed on this request" in data


def test_texts_of_a_binary_tensor_are_read_by_their_lengths(server) -> None:
    words = b"".join(struct.pack("<I", len(word)) + word for word in (b"a", b"b"))
    others = {name: {**each, "shape": [2], "data": each["data"] * 2} for name, each in ROW.items()}
    others["w"] = {
        "name": "w",
        "shape": [2],
        "datatype": "BYTES",
        "parameters": {"binary_data_size": len(words)},
    }
    head = json.dumps({"inputs": list(others.values())}).encode()
    headers = [("inference-header-content-length", str(len(head)))]
    assert server.ask("POST", MIXED, head + words, headers=headers, kind=None)[0] == 200
    assert server.ask("POST", MIXED, head + words[:-1] + b"\xff", headers=headers, kind=None)[0] == 400
