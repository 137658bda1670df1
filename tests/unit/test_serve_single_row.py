"""One row of numbers is answered on a way of its own, which says and keeps just what the usual way does."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
import pytest

from comporta.errors import ComportaError
from comporta.http.bearer import new_token
from comporta.records import Column, Field, Share, Signature
from comporta.records.token import Quota, Token
from comporta.serve import App, LoadedVersion, ModelScores
from comporta.serve.live_version import LiveVersion
from comporta.serve.traffic_split import choose_share
from comporta.testing.serving import MemorySink, MemorySource, ask, plan_route

AT = 1_780_000_000_000_000_000
PATH = "/v2/models/numbers/infer"
NUMBERS = (
    Field(name="a", type="Float64"),
    Field(name="b", type="Int64", nullable=False),
    Field(name="c", type="Boolean"),
)
BINARY = Signature(
    raw=NUMBERS, features=NUMBERS, output="both", task="binary", classes=("no", "yes"), label="String"
)
THREE = msgspec.structs.replace(BINARY, task="multiclass", classes=("x", "y", "z"))
AMOUNT = Signature(raw=NUMBERS, features=NUMBERS, output="label", task="regression", label="Float64")


def version(signature: Signature = BINARY, **fields: object) -> LoadedVersion:
    """The chance of the second class is the logistic of the sum; a sum of 99 has none."""

    def fast(rows) -> ModelScores:
        sums = np.nan_to_num(rows).sum(axis=1)
        if signature.task == "regression":
            return ModelScores(np.where(sums == 99, np.nan, sums), None)
        chance = np.where(sums == 99, np.nan, 1 / (1 + np.exp(-sums)))
        chances = [1 - chance, chance] if signature.task == "binary" else [chance / 2, chance / 2, 1 - chance]
        table = np.stack(chances, axis=1)
        return ModelScores(np.array(signature.classes)[table.argmax(axis=1)], table)

    loaded = LoadedVersion(
        model="numbers", number=3, fast=fast, signature=signature,
        predict=lambda frame: fast(frame.to_numpy().astype(np.float64)),
    )  # fmt: skip
    return msgspec.structs.replace(loaded, **fields)


def matrix(*values: object, datatype: str = "FP64", **fields: object) -> dict:
    tensor = {"name": "rows", "shape": [1, 3], "datatype": datatype, "data": list(values)}
    return {"inputs": [tensor], **fields}


def named(*values: object) -> dict:
    kinds = zip(NUMBERS, ("FP64", "INT64", "FP64"), values, strict=True)
    return {
        "inputs": [{"name": f.name, "shape": [1], "datatype": k, "data": [value]} for f, k, value in kinds]
    }


def both(
    loaded: LoadedVersion,
    body: object,
    *,
    token: Token | None = None,
    shown: str = "",
    routes=None,
    **settings,
):
    """What the short way and the usual one answer, and what is logged and counted of each. The first is None
    where it leaves the request to the other."""
    found = []

    async def turn(short: bool) -> None:
        sink = MemorySink()
        source = MemorySource(
            lambda model, n: msgspec.structs.replace(loaded, number=n), routes or {"numbers": SHARES}
        )
        tokens = None if token is None else lambda: (token,)
        sent = [(b"host", b"localhost"), (b"content-type", b"application/json")]
        headers = () if token is None else (("authorization", shown),)
        sent += [(name.encode(), value.encode()) for name, value in headers]
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        clock = lambda: AT  # noqa: E731
        quiet = {"flush": 0.01, "say": lambda line: None, "nanoseconds": clock, **settings}
        async with App(source, sink, key=b"r" * 32, tokens=tokens, **quiet) as app:
            if short:
                matched = app._match("POST", PATH)
                reply = app.answer_directly(matched, sent, data)
                said = None if reply is None else (reply.status, masked(reply.body))
            else:
                status, _, answer = await ask(app, "POST", PATH, data, headers=headers)
                said = status, masked(answer)
            counted = {
                (each.name, each.labels): each.value
                for each in app._watch.counts.samples()
                if "seconds" not in each.name
            }
        found.append((said, [plain(each) for each in sink.observations], counted))

    for short in (True, False):
        asyncio.run(turn(short))
    return found


SHARES = (Share(version=3, weight=1.0),)


def masked(body: bytes) -> object:
    """An answer less the ids of its predictions."""
    ids = {
        id
        for out in json.loads(body).get("outputs", ())
        if out["name"] == "prediction_id"
        for id in out["data"]
    }
    text = body.decode()
    for id in ids:
        text = text.replace(id, "ID")
    return json.loads(text)


def plain(observation) -> dict:
    return msgspec.to_builtins(observation) | {"id": "", "latency_us": 0}


ANSWERED = {
    "matrix": matrix(0.25, 2, 1),
    "an id": matrix(-0.25, 2, 1, id="mine"),
    "single precision": matrix(0.5, 2, 0, datatype="FP32"),
    "by name": named(0.25, -2, 1),
    "text that needs JSON's quotes": matrix(0.25, 2, 1, id='"\\ü'),
    "its unit": matrix(0.25, 2, 1, parameters={"unit": "u"}),
}


@pytest.mark.parametrize("signature", [BINARY, THREE, AMOUNT], ids=["binary", "classes", "regression"])
@pytest.mark.parametrize("form", ANSWERED)
def test_one_row_says_and_logs_on_the_short_way_what_it_does_on_the_usual(signature, form) -> None:
    short, usual = both(version(signature), ANSWERED[form])
    assert short == usual
    assert short[0] is not None
    assert short[0][0] == 200
    assert len(short[1]) == 1


LEFT = {
    "a missing value": matrix(None, 2, 1),
    "a missing value that may not be": matrix(0.5, None, 1),
    "a fraction of a whole number": matrix(0.5, 1.5, 1),
    "more than a truth value": matrix(0.5, 1, 2),
    "a value that is not declared": matrix(0.5, 7, 1),
    "no finite answer": matrix(97.0, 2, 0),
    "whom it is about": matrix(0.5, 2, 1, parameters={"key": "k", "subject": "s", "unit": "u"}),
    "one output": matrix(0.5, 2, 1, outputs=[{"name": "label"}]),
    "two rows": {"inputs": [{"name": "m", "shape": [2, 3], "datatype": "FP64", "data": [0.5, 2, 1] * 2}]},
    "another shape": {"inputs": [{"name": "m", "shape": [3, 1], "datatype": "FP64", "data": [0.5, 2, 1]}]},
    "too few values": matrix(0.5, 2),
    "no inputs": {"inputs": []},
    "an unknown column": {"inputs": [{"name": "z", "shape": [1], "datatype": "FP64", "data": [1]}]},
    "no JSON": b'{"inputs"',
}


@pytest.mark.parametrize("form", LEFT)
def test_what_is_unusual_about_a_row_is_answered_alike_on_both_ways(form) -> None:
    declared = version(expects=(Column(name="b", at_most=5),))
    short, usual = both(declared, LEFT[form])
    # What is wrong is said by the usual way alone.
    assert short[0] == (usual[0] if usual[0][0] == 200 else None)
    assert short[1] == usual[1]


def test_columns_that_are_not_logged_are_not_logged() -> None:
    short, usual = both(version(log_without=("a", "c")), matrix(0.25, 2, 1))
    assert short == usual
    assert short[1][0]["inputs"] == {"b": 2}


@pytest.mark.parametrize("fields", [{"decimals": 2}, {"log_sample": 0.0}, {"requires": ("unit",)}], ids=str)
def test_a_version_that_tells_less_logs_less_or_asks_for_more_does_so_on_both_ways(fields) -> None:
    short, usual = both(version(**fields), matrix(0.25, 2, 1))
    assert short[0] == (usual[0] if usual[0][0] == 200 else None)
    assert short[1] == usual[1]


def token_of(**fields: object) -> tuple[Token, str]:
    new = new_token(lambda size: b"t" * size)
    now = datetime.fromtimestamp(AT / 1e9, UTC)
    made = Token(id=new.id, name="shop", digest=new.digest, models=("numbers",), at=now,
                 ends=now + timedelta(days=1))  # fmt: skip
    return msgspec.structs.replace(made, **fields), f"Bearer {new.text}"


@pytest.mark.parametrize("fields", [{}, {"label_only": True}, {"decimals": 1}], ids=str)
def test_a_token_is_told_and_logged_alike_on_both_ways(fields) -> None:
    token, shown = token_of(**fields)
    short, usual = both(version(), matrix(0.25, 2, 1), token=token, shown=shown)
    assert short == usual
    assert short[1][0]["token"] == "shop"


def test_a_row_beyond_a_tokens_quota_is_left_to_the_usual_way_and_not_logged() -> None:
    token, shown = token_of(quota=Quota(rows_a_minute=2))

    async def turn() -> list[int | None]:
        sink, source = MemorySink(), MemorySource(lambda model, n: version(), {"numbers": SHARES})
        sent = [(b"host", b"localhost"), (b"authorization", shown.encode())]
        body = json.dumps(matrix(0.25, 2, 1)).encode()
        async with App(source, sink, key=b"r" * 32, tokens=lambda: (token,), flush=0.01,
                       nanoseconds=lambda: AT, say=lambda line: None) as app:  # fmt: skip
            matched = app._match("POST", PATH)
            replies = [app.answer_directly(matched, sent, body) for _ in range(4)]
            status, _, _ = await ask(app, "POST", PATH, body, headers=(("authorization", shown),))
        assert len(sink.observations) == 2
        return [each and each.status for each in replies] + [status]

    assert asyncio.run(turn()) == [200, 200, None, None, 429]


def test_a_version_whose_call_for_one_row_says_something_else_takes_no_traffic() -> None:
    wrong = version(row=lambda packed: ("yes", 0.25))
    with pytest.raises(ComportaError, match="its way of one row and its fast way differ"):
        LiveVersion(wrong).ready(AT, lambda line: None)


def test_a_version_that_is_slow_is_not_asked_in_the_event_loop() -> None:
    live = LiveVersion(version())
    live.ready(AT, lambda line: None)
    assert live.answers_single_rows
    live = LiveVersion(version(apart=True))
    live.ready(AT, lambda line: None)
    assert not live.answers_single_rows


ARMS = (
    Share(version=3, weight=0.5),
    Share(version=3, weight=0.25, role="control"),
    Share(version=4, weight=0.25, role="canary"),
)


def test_a_unit_has_the_same_arm_on_both_ways_and_the_observation_tells_it() -> None:
    routes = {"numbers": plan_route("numbers", ARMS, "p1", 7)}
    seen = set()
    for unit in "abcdefgh":
        body = matrix(0.25, 2, 1, parameters={"unit": unit})
        short, usual = both(version(), body, routes=routes)
        assert short == usual
        ((status, answer), (row,), _) = short
        expected = choose_share(ARMS, b"r" * 32, "numbers", unit, "p1")
        assert (status, answer["model_version"]) == (200, str(expected.version))
        assert (row["release"], row["arm"], row["unit"]) == (7, expected.role, unit)
        seen.add(expected.role)
    assert seen == {"champion", "control", "canary"}


def test_a_request_without_a_unit_goes_to_the_champion_and_tells_no_unit() -> None:
    routes = {"numbers": plan_route("numbers", ARMS, "p1")}
    for _ in range(3):
        short, usual = both(version(), matrix(0.25, 2, 1), routes=routes)
        assert short == usual
        assert (short[1][0]["arm"], short[1][0].get("unit")) == ("champion", None)


def test_rows_of_several_units_are_answered_in_their_order_each_by_its_arm() -> None:
    units = [*"abcdefgh", ""]
    body = named(0.25, 2, 1)
    for tensor in body["inputs"]:
        tensor.update(shape=[9], data=tensor["data"] * 9)
    body["inputs"].append({"name": "__unit", "shape": [9], "datatype": "BYTES", "data": units})
    _, (reply, rows, _) = both(version(), body, routes={"numbers": plan_route("numbers", ARMS, "p1")})
    outputs = {each["name"]: each["data"] for each in reply[1]["outputs"]}
    shares = [choose_share(ARMS, b"r" * 32, "numbers", unit, "p1") if unit else ARMS[0] for unit in units]
    assert outputs["model_version"] == [str(share.version) for share in shares]
    arms = {row.get("unit"): row["arm"] for row in rows}
    assert arms == {unit or None: share.role for unit, share in zip(units, shares, strict=True)}


def test_an_answer_of_two_arms_of_one_version_has_the_form_of_one() -> None:
    alone = (Share(version=3, weight=0.5), Share(version=3, weight=0.5, role="holdback"))
    body = named(0.25, 2, 1)
    for tensor in body["inputs"]:
        tensor.update(shape=[8], data=tensor["data"] * 8)
    body["inputs"].append({"name": "__unit", "shape": [8], "datatype": "BYTES", "data": [*"abcdefgh"]})
    _, (reply, rows, _) = both(version(), body, routes={"numbers": plan_route("numbers", alone, "p1")})
    assert reply[1]["model_version"] == "3"
    assert {row["arm"] for row in rows} == {"champion", "holdback"}
