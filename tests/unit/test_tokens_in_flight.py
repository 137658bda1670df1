"""Requests that are still on their way: a token that is revoked meanwhile, a quota whose span has ended, and
errors before anything is known of them."""

import asyncio
import json
import secrets
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comporta.errors import BadRequest
from comporta.http.bearer import new_token
from comporta.http.token_gate import NANOSECONDS, QuotaReached, TokenGate
from comporta.records import Field, Share, Signature
from comporta.records.token import Quota, Token
from comporta.serve import App, LoadedVersion, ModelScores
from comporta.serve.paths import PATHS, RoutePath
from comporta.testing.serving import MemorySink, MemorySource, ask

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
AT = round(NOW.timestamp() * NANOSECONDS)
MINUTE, DAY = 60 * NANOSECONDS, 86_400 * NANOSECONDS
BODIES = {
    "index": {},
    "infer": {"inputs": [{"name": "m", "shape": [1, 2], "datatype": "FP64", "data": [0, 0]}]},
    "invoke": {"instances": [[0, 0]]},
    "predict": {"instances": [[0, 0]]},
    "feedback": {"id": "0" * 32, "label": 1.0},
}


def made(name: str = "billing", **fields) -> tuple[Token, bytes]:
    """A token, and the header that shows it."""
    new = new_token(secrets.token_bytes)
    fields = {"at": NOW, "ends": NOW + timedelta(days=30)} | fields
    return Token(id=new.id, name=name, digest=new.digest, **fields), f"Bearer {new.text}".encode()


def gate(*tokens: Token) -> TokenGate:
    found = TokenGate()
    found.replace(tokens)
    return found


def late(model: str, number: int) -> LoadedVersion:
    fields = tuple(Field(name=f"x{i}", type="Float64") for i in range(2))
    return LoadedVersion(
        model=model, number=number, predict=lambda frame: ModelScores(np.zeros(frame.height), None),
        signature=Signature(
            raw=fields, features=fields, output="label", task="regression", label="Float64",
        ),
    )  # fmt: skip


def server(tokens: list[Token], sink: MemorySink) -> App:
    source = MemorySource(late, {"late": (Share(version=1, weight=1.0),)})
    return App(
        source, sink, key=b"r" * 32, flush=0.01, poll=0.01, say=lambda line: None,
        tokens=lambda: tuple(tokens), nanoseconds=lambda: AT,
    )  # fmt: skip


def filled(route: RoutePath) -> str:
    return route.path.replace("[/versions/{version}]", "").replace("{model}", "late")


def told(route: RoutePath, data: bytes) -> str:
    """The error, in the form of the route's protocol and in no other."""
    said = json.loads(data)
    assert said.keys() == ({"error_code", "message"} if route.protocol == "mlflow" else {"error"})
    return said["message"] if route.protocol == "mlflow" else said["error"]


@pytest.mark.parametrize(
    "route", [each for each in PATHS if each.method == "POST"], ids=lambda each: each.path
)
def test_a_token_that_is_revoked_while_the_body_comes_is_answered_and_logged_no_more(route) -> None:
    token, header = made()
    tokens, sink = [token], MemorySink()
    data = json.dumps(BODIES[route.name]).encode()

    async def turn():
        async with server(tokens, sink) as app:

            async def receive():
                if tokens:
                    tokens.clear()
                    return {"type": "http.request", "body": data[:10], "more_body": True}
                while app._gate._tables.by_id:  # until the next look at the tokens
                    await asyncio.sleep(0.005)
                return {"type": "http.request", "body": data[10:], "more_body": False}

            answers = []

            async def send(message):
                answers.append(message)

            headers = [
                (b"host", b"localhost"),
                (b"authorization", header),
                (b"content-type", b"application/json"),
            ]
            scope = {"type": "http", "method": "POST", "path": filled(route), "headers": headers}
            await app(scope, receive, send)
            return answers

    answers = asyncio.run(turn())
    assert answers[0]["status"] == 401
    assert "has ended" in told(route, answers[1]["body"])
    assert not sink.observations and not sink.told


def test_a_token_that_is_revoked_while_a_request_waits_for_its_turn_counts_no_more() -> None:
    token, header = made()
    one = gate(token)
    bearer = one.require(header, "predict", None, AT)
    one.replace((token, made("other")[0]))
    bearer.take(AT, rows=1)
    one.replace(())
    with pytest.raises(BadRequest) as caught:
        bearer.take(AT, rows=1)
    assert caught.value.status == 401


@pytest.mark.parametrize(("quota", "span"), [
    (Quota(requests_a_minute=1), MINUTE), (Quota(rows_a_minute=1), MINUTE), (Quota(requests_a_day=1), DAY),
])  # fmt: skip
def test_requests_that_arrived_before_the_span_and_are_late_do_not_begin_the_one_before_anew(
    quota: Quota, span: int
) -> None:
    token, header = made(quota=quota)
    start = AT // span * span
    bearer = gate(token).require(header, "predict", None, start)
    bearer.take(start, requests=1, rows=1)
    for arrived in (start - NANOSECONDS, start - 31 * NANOSECONDS):
        with pytest.raises(QuotaReached):
            bearer.take(arrived, requests=1, rows=1)
        with pytest.raises(QuotaReached):
            bearer.take(start + 1, requests=1, rows=1)


def test_what_is_given_back_is_given_to_the_span_it_was_taken_from() -> None:
    token, header = made(quota=Quota(requests_a_minute=2))
    start = AT // MINUTE * MINUTE
    bearer = gate(token).require(header, "predict", None, start)
    taken = bearer.take(start, requests=1)
    for _ in range(2):
        bearer.take(start + MINUTE, requests=1)
    bearer.give_back(taken, requests=1)
    with pytest.raises(QuotaReached):
        bearer.take(start + MINUTE, requests=1)


def test_one_token_in_many_spellings_fills_no_memory() -> None:
    token, header = made()
    one, text = gate(token), header.removeprefix(b"Bearer ")
    for blanks in range(1, 2_000, 7):
        assert one.require(b"bearer " + b" " * blanks + text, "predict", None, AT).token == token
    assert sum(map(len, one._tables.by_header)) < 10_000


STRANGE = {
    "two tokens": [("authorization", "Bearer a"), ("authorization", "Bearer b")],
    "a web page": [("origin", "https://evil.example")],
    "another host": [("host", "evil.example")],
    "a size that is none": [("content-length", "many")],
}


@pytest.mark.parametrize("route", PATHS, ids=lambda each: f"{each.method} {each.path}")
def test_what_is_refused_at_the_door_is_told_in_the_form_of_its_protocol(route) -> None:
    token, header = made()

    async def turn():
        found = []
        async with server([token], MemorySink()) as app:
            for headers in STRANGE.values():
                host = dict(headers).get("host", "localhost")
                rest = [each for each in headers if each[0] != "host"]
                found.append(await ask(app, route.method, filled(route), b"{}", headers=rest, host=host))
            other = "PUT" if route.method == "POST" else "POST"
            shown = [("authorization", header.decode())]
            found.append(await ask(app, other, filled(route), b"{}", headers=shown))
        return found

    answers = asyncio.run(turn())
    assert [each[0] for each in answers] == [400, 403, 421, 413, 405]
    assert all(told(route, each[2]) for each in answers)


def test_a_token_for_another_model_learns_no_column_from_an_error() -> None:
    token, header = made(models=("other",))

    async def turn():
        async with server([token], MemorySink()) as app:
            shown = [("authorization", header.decode())]
            bad = {"dataframe_records": [{"y": 1}]}
            return [
                await ask(app, "POST", path, bad, headers=shown)
                for path in ("/invocations", "/models/late/invocations", "/v2/models/late/infer")
            ]

    for status, _, data in asyncio.run(turn()):
        assert status == 403
        assert b"x0" not in data


HEADERS = st.one_of(
    st.binary(max_size=200),
    st.from_regex(rb"[Bb]earer[ \t]+cmp_[0-9a-f_]{0,100}", fullmatch=True),
    st.from_regex(rb"(Basic|Digest|Bearer|Negotiate|AWS4-HMAC-SHA256)( [!-~]{0,60})?", fullmatch=True),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(HEADERS, min_size=1, max_size=8))
def test_no_header_opens_any_route_and_each_says_so_in_its_own_form(headers: list[bytes]) -> None:
    token, _ = made()

    async def turn():
        async with server([token], MemorySink()) as app:
            for route in PATHS:
                for header in headers:
                    shown = [("authorization", header.decode("latin-1"))]
                    body = BODIES.get(route.name, b"")
                    status, said, data = await ask(app, route.method, filled(route), body, headers=shown)
                    if route.action == "open":
                        assert status == 200
                    else:
                        assert (status, said["www-authenticate"]) == (401, "Bearer")
                        assert told(route, data)

    asyncio.run(turn())
