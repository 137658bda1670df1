"""Requests that are wrong, and requests that are right and far from anything ever seen."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from comporta.checks.shared.measuring.v2_requests import datatype
from comporta.checks.stress import codes
from comporta.records import Code, Field
from comporta.records.columns import HIDDEN, TIME


class Bad(NamedTuple):
    """A request and what is wrong with it. malformed: must be refused; damaged: bytes changed at random,
    and out of range: may be answered or refused, each clearly."""

    what: Code
    kind: Code
    body: bytes
    path: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    method: str = "POST"


def malformed_requests(good: bytes, features: Sequence[Field], rows: int) -> Iterator[Bad]:
    """Each thing a client can get wrong, once. good: a request of one row with these features in order, and
    what else it says of the row among them. rows: more than are let in."""
    told = json.loads(good)
    needed = max(_columns(features), default=0)

    def one(what: Code, change: Any) -> Bad:
        body = json.loads(good)
        return Bad(what, codes.MALFORMED, json.dumps(change(body) or body).encode())

    def each(name: str, value: Any) -> Any:
        return lambda body: body["inputs"][0].update({name: value})

    yield Bad(codes.NO_BODY, codes.MALFORMED, b"")
    yield Bad(codes.NOT_JSON, codes.MALFORMED, b"rows=1")
    yield Bad(codes.HALF, codes.MALFORMED, good[: len(good) // 2])
    yield Bad(codes.NOT_UTF_8, codes.MALFORMED, good[:-2] + b"\xff\xfe}")
    yield Bad(codes.DEEPLY_NESTED, codes.MALFORMED, b'{"inputs":' + b"[" * 5_000 + b"]" * 5_000 + b"}")
    yield Bad(codes.LIST, codes.MALFORMED, b"[1,2,3]")
    yield one(codes.NO_INPUTS, lambda body: {"inputs": []})
    yield one(codes.INPUTS_NO_LIST, lambda body: {"inputs": {"a": 1}})
    yield one(codes.COLUMN_TOO_FEW, lambda body: body["inputs"].pop(needed) and None)
    yield one(
        codes.COLUMN_TOO_MANY, lambda body: body["inputs"].append({**body["inputs"][0], "name": "no such"})
    )
    yield one(codes.COLUMN_TWICE, lambda body: body["inputs"].append(body["inputs"][0]))
    yield one(codes.NO_NAME, lambda body: body["inputs"][0].pop("name") and None)
    yield one(codes.NO_DATA, lambda body: body["inputs"][0].pop("data") and None)
    yield one(codes.UNKNOWN_DATATYPE, each("datatype", "FP12"))
    yield one(codes.OTHER_SHAPE, each("shape", [2]))
    yield one(codes.NEGATIVE_SHAPE, each("shape", [-1]))
    yield one(codes.HUGE_SHAPE, each("shape", [2**40]))
    yield one(codes.NO_SHAPE, each("shape", []))
    longer = {**told["inputs"][-1], "shape": [2], "data": told["inputs"][-1]["data"] * 2}
    if len(features) > 1:  # of one column it would be two good rows
        yield one(codes.OTHER_ROWS_IN_COLUMN, lambda body: body["inputs"].__setitem__(-1, longer))
    yield one(codes.OBJECT_AS_VALUE, each("data", [{"a": 1}]))
    many = [{**tensor, "shape": [rows], "data": tensor["data"] * rows} for tensor in told["inputs"]]
    yield Bad(codes.TOO_MANY_ROWS, codes.MALFORMED, json.dumps({"inputs": many}).encode())
    yield Bad(codes.ANOTHER_CONTENT_TYPE, codes.MALFORMED, good, headers=(("Content-Type", "text/html"),))
    beyond = (("Inference-Header-Content-Length", "99999999"),)
    yield Bad(codes.WRONG_BINARY_SIZE, codes.MALFORMED, good, headers=beyond)
    yield Bad(codes.UNKNOWN_MODEL, codes.MALFORMED, good, path="/v2/models/no-such/infer")
    yield Bad(codes.UNKNOWN_VERSION, codes.MALFORMED, good, path="/v2/models/candidate/versions/99/infer")
    yield Bad(codes.ANOTHER_METHOD, codes.MALFORMED, b"", method="DELETE")
    for place, field in enumerate(features):
        text = field.kind in ("text", "category")
        wrong: Any = 7 if text else "rubbish"
        yield one(codes.ANOTHER_TYPE, lambda body, p=place, w=wrong: body["inputs"][p].update(data=[w]))
        if field.kind not in ("text", "boolean"):
            yield Bad(codes.INFINITE_NUMBER, codes.MALFORMED, good.replace(*_value(told, place, "1e999"), 1))


def _value(told: Any, place: int, new: str) -> tuple[bytes, bytes]:
    """The text of one column in a request, and the same with another value."""
    column = told["inputs"][place]
    other = json.dumps({**column, "data": [0]}).replace('"data": [0]', f'"data": [{new}]')
    return json.dumps(column).encode(), other.encode()


def far(good: bytes, features: Sequence[Field]) -> Iterator[Bad]:
    """Values that the type allows and no row ever had, a column at a time, and all missing."""
    for place, field in enumerate(features):
        for value in _far_values(field):
            body = json.loads(good)
            body["inputs"][place]["data"] = [value]
            yield Bad(codes.FAR_VALUE, codes.OUT_OF_RANGE, json.dumps(body).encode())
    body = json.loads(good)
    for place in _columns(features):  # without its key or time a row is refused before it is looked at
        body["inputs"][place]["data"] = [None]
    yield Bad(codes.NOTHING_KNOWN, codes.OUT_OF_RANGE, json.dumps(body).encode())


def _columns(features: Sequence[Field]) -> list[int]:
    """Places of the model's own columns."""
    return [place for place, field in enumerate(features) if not field.name.startswith(HIDDEN)]


def _far_values(field: Field) -> tuple[Any, ...]:
    kind = datatype(field)
    if field.kind == "date":
        return ("0001-01-01", "9999-12-31", "", None)
    if field.kind == "datetime" or field.name == TIME:
        zone = "" if "time_zone=None" in field.type else "+00:00"
        return (f"0001-01-01T00:00:00{zone}", f"9999-12-31T23:59:59{zone}", "", None)
    if kind == "BYTES":
        return ("", "never seen \N{GRINNING FACE}", "x" * 10_000, None)
    if kind == "BOOL":
        return (None,)
    if kind == "INT64":
        return (-(2**63), 2**63 - 1, 2**31, -1, None)
    return (1e300, -1e300, 1e39, 5e-324, None)


def damage(good: bytes, draw: np.random.Generator, count: int) -> Iterator[Bad]:
    """A good request with a few bytes changed, cut out or doubled."""
    for _ in range(count):
        body = bytearray(good)
        for _ in range(int(draw.integers(1, 4))):
            at = int(draw.integers(0, len(body)))
            how = draw.integers(0, 3)
            if how == 0:
                body[at] = int(draw.integers(0, 256))
            elif how == 1:
                del body[at : at + int(draw.integers(1, 9))]
            else:
                body[at:at] = body[at : at + int(draw.integers(1, 9))]
        yield Bad(codes.DAMAGED, codes.DAMAGED, bytes(body))
