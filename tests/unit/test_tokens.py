"""Tokens: their text, their facts, and whom a server lets in."""

import asyncio
import json
import secrets
from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comporta.errors import BadRequest, NotFound, Refused
from comporta.http.bearer import new_token, read_token
from comporta.http.token_gate import NANOSECONDS, QuotaReached, TokenGate
from comporta.records import Field, Share, Signature
from comporta.records.access_facts import TokenEnded, TokenMade
from comporta.records.features import FeatureRow
from comporta.records.token import TOKEN_ACTIONS, Quota, Token
from comporta.registry.tokens import (
    TOKENS,
    make_token,
    revoke_token,
    rotate_token,
    token_state,
    valid_tokens,
)
from comporta.serve import App, LoadedVersion, ModelScores
from comporta.serve.paths import PATHS
from comporta.serve.version_source import FeatureView
from comporta.testing.serving import MemorySink, MemorySource, ask

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
AT = round(NOW.timestamp() * NANOSECONDS)


def made(name: str = "billing", **fields) -> tuple[Token, bytes]:
    """A token, and the header that shows it."""
    new = new_token(secrets.token_bytes)
    fields = {"at": NOW, "ends": NOW + timedelta(days=30)} | fields
    token = Token(id=new.id, name=name, digest=new.digest, **fields)
    return token, f"Bearer {new.text}".encode()


def gate(*tokens: Token) -> TokenGate:
    found = TokenGate()
    found.replace(tokens)
    return found


def test_a_token_is_told_as_replaced_ending_or_ended() -> None:
    old, _ = made()
    new, _ = made(at=NOW + timedelta(hours=1), ends=NOW + timedelta(days=60))
    other, _ = made("alerts", ends=NOW + timedelta(days=3))
    known = (old, new, other)
    later = NOW + timedelta(hours=2)
    assert [token_state(each, known, later) for each in known] == ["replaced", "valid", "ending"]
    assert token_state(old, known, old.ends) == "ended", "at its end it counts no longer"
    assert token_state(old, (old,), later) == "valid"


def status(act) -> int:
    with pytest.raises(BadRequest) as caught:
        act()
    return caught.value.status


def test_a_token_is_read_back_and_its_secret_is_not_what_is_kept() -> None:
    new = new_token(secrets.token_bytes)
    assert read_token(new.text) == (new.id, new.digest)
    assert new.digest not in new.text
    assert new.text.startswith("cmp_")


@given(st.integers(4, 88), st.sampled_from("0123456789abcdefg_"))
def test_a_mistyped_token_is_none(place: int, other: str) -> None:
    text = new_token(lambda count: bytes(range(count))).text
    wrong = text[:place] + other + text[place + 1 :]
    assert (read_token(wrong) is None) == (wrong != text)


@pytest.mark.parametrize("header", [
    None, b"", b"Bearer", b"Bearer ", b"Basic dXNlcjpwYXNz", b"Bearer cmp_", b"Bearer \xff\xfe", b"cmp_1_2",
    b"Bearer " + b"cmp_" + b"0" * 12 + b"_" + b"0" * 72, b"Bearer " + b"a" * 30_000,
])  # fmt: skip
def test_what_is_no_token_is_401(header) -> None:
    assert status(lambda: gate(made()[0]).require(header, "predict", "late", AT)) == 401


def test_a_token_of_another_project_is_401_though_its_id_is_known() -> None:
    token, _ = made()
    text = new_token(lambda count: bytes.fromhex(token.id) if count == 6 else secrets.token_bytes(count)).text
    assert read_token(text).id == token.id
    assert status(lambda: gate(token).require(f"Bearer {text}".encode(), "predict", None, AT)) == 401


def test_a_token_is_for_its_models_and_actions_alone() -> None:
    token, header = made(models=("late",), actions=("predict",))
    one = gate(token)
    assert one.require(header, "predict", "late", AT).token == token
    assert one.require(header, "predict", None, AT).token == token
    assert status(lambda: one.require(header, "predict", "other", AT)) == 403
    assert status(lambda: one.require(header, "feedback", None, AT)) == 403


def test_a_token_ends_by_its_day_and_at_once_when_it_is_revoked_though_it_was_used_before() -> None:
    token, header = made()
    one = gate(token)
    assert one.require(header, "predict", "late", AT)
    assert status(lambda: one.require(header, "predict", "late", AT + 31 * 86_400 * NANOSECONDS)) == 401
    one.replace(())
    assert status(lambda: one.require(header, "predict", "late", AT)) == 401


def test_nobody_is_let_in_until_the_tokens_were_read() -> None:
    _, header = made()
    assert status(lambda: TokenGate().require(header, "predict", "late", AT)) == 503


@pytest.mark.parametrize(("quota", "span"), [
    (Quota(requests_a_minute=2), 60), (Quota(rows_a_minute=20), 60),
    (Quota(requests_a_day=2), 86_400), (Quota(rows_a_day=20), 86_400),
])  # fmt: skip
def test_a_quota_ends_with_its_span_and_says_when_it_begins_again(quota, span) -> None:
    token, header = made(quota=quota)
    one = gate(token)
    start = AT // (span * NANOSECONDS) * span * NANOSECONDS
    for _ in range(2):
        one.require(header, "predict", None, start).take(start, requests=1, rows=10)
    with pytest.raises(QuotaReached) as caught:
        one.require(header, "predict", None, start).take(start, requests=1, rows=10)
    assert caught.value.retry_after == span
    one.replace((msgspec.structs.replace(token, ends=token.ends + timedelta(days=1)),))
    assert status(lambda: one.require(header, "predict", None, start).take(start, requests=1, rows=10)) == 429
    later = start + span * NANOSECONDS
    one.require(header, "predict", None, later).take(later, requests=1, rows=10)


def test_what_was_given_back_can_be_asked_for_again() -> None:
    token, header = made(quota=Quota(requests_a_day=1))
    bearer = gate(token).require(header, "predict", None, AT)
    for _ in range(3):
        taken = bearer.take(AT, requests=1, rows=1)
        bearer.give_back(taken, requests=1, rows=1)


def states(*facts) -> dict[str, Token]:
    """What the projection makes of facts, one a minute from now on."""
    found: dict[str, Token] = {}
    for number, fact in enumerate(facts):
        event = _At(NOW + timedelta(minutes=number))
        found |= dict(TOKENS.apply[type(fact)](fact, event, found.get))
    return found


class _At:
    """An event as far as the projection looks at it."""

    def __init__(self, at: datetime) -> None:
        self.at = at


def test_an_end_never_lies_before_the_fact_that_sets_it_nor_after_the_one_set_before() -> None:
    token, _ = made()
    past, far = NOW - timedelta(days=1), NOW + timedelta(days=400)
    for ends, expected in ((past, NOW + timedelta(minutes=1)), (far, token.ends)):
        found = states(TokenMade(token=token), TokenEnded(token=token.id, ends=ends, by="p"))
        assert found[token.id].ends == expected


def test_a_name_is_given_once_and_rotated_with_an_overlap() -> None:
    token, _ = made()
    with pytest.raises(Refused, match="rotate billing"):
        make_token(made()[0], (token,), NOW)
    new, _ = made(at=NOW + timedelta(minutes=1))
    facts = rotate_token(new, (token,), NOW, timedelta(hours=1))
    found = states(TokenMade(token=token), *facts)
    assert [each.id for each in valid_tokens(found.values(), NOW + timedelta(minutes=30))] == [
        new.id, token.id,
    ]  # fmt: skip
    assert [each.id for each in valid_tokens(found.values(), NOW + timedelta(hours=2))] == [new.id]
    with pytest.raises(NotFound, match="billing"):
        revoke_token("nobody", "p", found.values(), NOW)


def test_a_clock_that_is_set_back_begins_a_new_span_and_a_moment_without_tokens_none() -> None:
    token, header = made(quota=Quota(requests_a_day=1))
    one = gate(token)
    ahead = AT + 25 * 3600 * NANOSECONDS
    one.require(header, "predict", None, ahead).take(ahead, requests=1)
    one.require(header, "predict", None, AT).take(AT, requests=1)
    one.replace(())
    one.replace((token,))
    assert status(lambda: one.require(header, "predict", None, AT).take(AT, requests=1)) == 429


def test_a_token_for_some_models_reads_no_metrics_since_they_tell_of_all() -> None:
    token, header = made(models=("late",), actions=("metrics",))
    assert status(lambda: gate(token).require(header, "metrics", None, AT)) == 403
    with pytest.raises(Refused, match="metrics tell of every model"):
        make_token(token, (), NOW)


@pytest.mark.parametrize("name", ["", "0a1b2c3d4e5f", "Ada Lovelace", "a" * 65, "../x", "-x", "x\n"])
def test_a_token_is_named_after_a_program(name) -> None:
    with pytest.raises(Refused, match="name of a program"):
        make_token(made(name)[0], (), NOW)


@pytest.mark.parametrize("days", [-1, 0, 367])
def test_a_token_ends_within_a_year(days) -> None:
    with pytest.raises(Refused, match="at most 366 days"):
        make_token(made(ends=NOW + timedelta(days=days))[0], (), NOW)


# A server that asks for tokens.


def late(model: str, number: int) -> LoadedVersion:
    fields = tuple(Field(name=f"x{i}", type="Float64") for i in range(2))

    def fast(rows) -> ModelScores:
        chance = np.full(len(rows), 1 / 3)
        return ModelScores(chance > 0.5, np.stack([1 - chance, chance], axis=1))

    row = FeatureRow(features={"x1": 0.5}, sources=())
    return LoadedVersion(
        model=model, number=number, fast=fast, predict=lambda frame: fast(frame.to_numpy()),
        view=FeatureView(columns=("x0",), read=lambda frame, at: row),
        signature=Signature(
            raw=fields, features=fields, output="both", task="binary", classes=("no", "yes"), label="String",
        ),
    )  # fmt: skip


BODIES = {
    "infer": {"inputs": [{"name": "m", "shape": [1, 2], "datatype": "FP64", "data": [0, 0]}]},
    "invoke": {"instances": [[0, 0]]},
    "predict": {"instances": [[0, 0]]},
    "feedback": {"id": "0" * 32, "label": "yes"},
}


def asked(tokens: list[Token], *requests, **settings):
    """The answers of a server that lets in these tokens, and what it logged."""
    sink = MemorySink()
    settings = {"flush": 0.01, "say": lambda line: None, "key": b"r" * 32, **settings}

    async def turn():
        source = MemorySource(late, {"late": (Share(version=1, weight=1.0),)})
        async with App(source, sink, tokens=lambda: tuple(tokens), nanoseconds=lambda: AT, **settings) as app:
            found = []
            for method, path, body, header in requests:
                shown = () if header is None else (("authorization", header.decode("latin-1")),)
                found.append(await ask(app, method, path, body, headers=shown))
                await asyncio.sleep(0)
            return found

    return asyncio.run(turn()), sink


def filled(path: str) -> str:
    path = path.replace("[/versions/{version}]", "").replace("{model}", "late")
    return f"{path}?key=1" if path.startswith("/features/") else path


@pytest.mark.parametrize("route", PATHS, ids=lambda each: f"{each.method} {each.path}")
def test_every_route_is_closed_but_to_a_token_for_its_action_or_says_that_it_is_open(route) -> None:
    path, body = filled(route.path), BODIES.get(route.name, b"")
    right, header = made("right", actions=(route.action,) if route.action != "open" else ())
    wrong, other = made("wrong", actions=tuple(each for each in TOKEN_ACTIONS if each != route.action))
    answers, _ = asked([right, wrong], *((route.method, path, body, each) for each in (None, other, header)))
    found = [answer[0] for answer in answers]
    if route.action == "open":
        assert route.name in ("live", "ready", "ping")
        assert found == [200, 200, 200]
        return
    assert found == [401, 403, 200]
    said = json.loads(answers[0][2])
    assert "token" in (said["message"] if route.protocol == "mlflow" else said["error"])
    assert said.get("error_code", "UNAUTHENTICATED") == "UNAUTHENTICATED"
    assert answers[0][1]["www-authenticate"] == "Bearer"


def test_the_body_of_a_stranger_is_not_read() -> None:
    answers, _ = asked([], ("POST", "/v2/models/late/infer", b"x" * 40_000_000, None))
    assert answers[0][0] == 401


@pytest.mark.parametrize("fields", [{"label_only": True}, {"decimals": 2}])
def test_an_answer_tells_a_token_no_more_than_it_may_and_the_log_all(fields) -> None:
    token, header = made(**fields)
    requests = [("POST", filled(each.path), BODIES[each.name], header) for each in PATHS if each.name in
                ("infer", "invoke", "predict")]  # fmt: skip
    answers, sink = asked([token], *requests)
    for status, _, data in answers:
        assert status == 200
        assert (b"probability" in data) == (fields != {"label_only": True})
        assert b"0.3333" not in data
        assert b"0.33" in data or b"probability" not in data
    assert {each.output["probability"] for each in sink.observations} == {1 / 3}
    assert {each.token for each in sink.observations} == {"billing"}


def test_a_used_up_quota_is_429_in_each_protocol_with_the_time_to_wait() -> None:
    token, header = made(quota=Quota(rows_a_minute=1))
    infer = ("POST", "/v2/models/late/infer", BODIES["infer"], header)
    bad = ("POST", "/v2/models/late/infer", {"inputs": []}, header)
    invoke = ("POST", "/models/late/invocations", BODIES["invoke"], header)
    unknown = {**BODIES["infer"], "outputs": [{"name": "nope"}]}
    refused = ("POST", "/v2/models/late/infer", unknown, header)
    answers, _ = asked([token], bad, refused, infer, infer, invoke)
    assert [each[0] for each in answers] == [400, 400, 200, 429, 429]
    assert 0 < int(answers[3][1]["retry-after"]) <= 60
    said = json.loads(answers[4][2])
    assert "quota of 1 rows a minute" in said["message"]
    assert said["error_code"] == "REQUEST_LIMIT_EXCEEDED"


@given(st.binary(max_size=300) | st.from_regex(rb"(Bearer )?cmp_[0-9a-f_]{0,100}", fullmatch=True))
def test_no_header_lets_a_stranger_in(header: bytes) -> None:
    one = gate(made()[0])
    assert status(lambda: one.require(header, "predict", "late", AT)) == 401
    assert not one._tables.by_header, "and none is remembered"


def test_a_token_for_some_models_labels_none_of_another() -> None:
    mine, header = made("mine", models=("late",))
    other, its = made("other", models=("other",))

    async def turn():
        routes = {name: (Share(version=1, weight=1.0),) for name in ("late", "other")}
        app = App(
            MemorySource(late, routes), MemorySink(), key=b"r" * 32, flush=0.01, say=lambda line: None,
            tokens=lambda: (mine, other), nanoseconds=lambda: AT,
        )  # fmt: skip
        async with app:
            shown = [("authorization", each.decode()) for each in (header, its)]
            ids, answers = [], []
            for model, each in zip(routes, shown, strict=True):
                path = f"/models/{model}/invocations"
                _, _, data = await ask(app, "POST", path, BODIES["invoke"], headers=[each])
                ids.append(json.loads(data)["prediction_ids"][0])
            for id in (*ids, "0" * 32):
                label = {"id": id, "label": "yes"}
                answers.append(await ask(app, "POST", "/feedback", label, headers=[shown[0]]))
            return answers

    answers = asyncio.run(turn())
    assert [each[0] for each in answers] == [200, 403, 403]
    assert b"other" not in answers[1][2].replace(b"no other model", b"")


def test_two_tokens_in_one_request_are_refused() -> None:
    good, header = made()

    async def turn():
        source = MemorySource(late, {"late": (Share(version=1, weight=1.0),)})
        async with App(
            source, MemorySink(), key=b"r" * 32, say=lambda line: None, tokens=lambda: (good,)
        ) as app:
            twice = [("authorization", header.decode()), ("authorization", header.decode())]
            return await ask(app, "POST", "/v2/models/late/infer", BODIES["infer"], headers=twice)

    assert asyncio.run(turn())[0] == 400
