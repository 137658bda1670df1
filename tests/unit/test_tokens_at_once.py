"""How many requests of one token may wait for their answer at once, and how large a body may be."""

from __future__ import annotations

import asyncio
import json
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.unit.test_serve_requests import MAKERS, ROW, one

from comporta.acts.serve.server_options import server_options
from comporta.cli.token import _quota_text
from comporta.errors import BadProject
from comporta.http.bearer import new_token
from comporta.http.token_gate import NANOSECONDS, QuotaReached, TokenGate
from comporta.records.byte_size import byte_size
from comporta.records.token import Quota, Token
from comporta.serve import App
from comporta.serve.server_options import limits_of
from comporta.serve.shared_pages import SharedLock, SharedPages, shared_memory
from comporta.serve.shared_quotas import SharedQuotas
from comporta.testing.serving import MemorySink, MemorySource, ask

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
AT = round(NOW.timestamp() * NANOSECONDS)
CALL = {"dataframe_records": [ROW]}


def made(**quota: int) -> tuple[Token, bytes]:
    """A token, and the header that shows it."""
    new = new_token(secrets.token_bytes)
    token = Token(
        id=new.id,
        name="billing",
        digest=new.digest,
        at=NOW,
        ends=NOW + timedelta(days=9),
        quota=Quota(**quota),
    )
    return token, f"Bearer {new.text}".encode()


def app(token: Token) -> App:
    source = MemorySource(lambda model, number: MAKERS[model](model, number), {"words": one()})
    return App(source, MemorySink(), key=b"r" * 32, flush=0.01, say=lambda line: None,
               tokens=lambda: (token,), nanoseconds=lambda: AT)  # fmt: skip


class SlowRequest:
    """A request whose body does not come until it is let go, or never."""

    def __init__(self, app: App, header: bytes) -> None:
        self.begun, self.let_go = asyncio.Event(), asyncio.Event()
        self.hangs_up = False
        self.status = 0
        scope = {"type": "http", "method": "POST", "path": "/models/words/invocations", "headers": [
            (b"host", b"localhost"), (b"authorization", header), (b"content-type", b"application/json"),
        ]}  # fmt: skip
        self.task = asyncio.ensure_future(app(scope, self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        self.begun.set()
        await self.let_go.wait()
        if self.hangs_up:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": json.dumps(CALL).encode(), "more_body": False}

    async def _send(self, message: dict[str, Any]) -> None:
        self.status = message.get("status", self.status)


@pytest.mark.parametrize("hangs_up", [False, True])
def test_a_token_holds_so_many_requests_at_once_until_they_are_answered_or_given_up(hangs_up: bool) -> None:
    token, header = made(requests_at_once=2)
    shown = (("authorization", header.decode()),)

    async def turn() -> list[Any]:
        async with app(token) as serving:
            slow = [SlowRequest(serving, header) for _ in range(2)]
            for each in slow:
                each.hangs_up = hangs_up
                await each.begun.wait()
            found = [
                await ask(serving, "POST", "/models/words/invocations", CALL, headers=shown),
                await ask(serving, "POST", "/v2/models/words/infer", {"inputs": []}, headers=shown),
                await ask(serving, "GET", "/v2/health/live", headers=shown),
            ]
            for each in slow:
                each.let_go.set()
                await each.task
            for _ in range(3):  # and a request that is refused is not on its way any more
                found.append(await ask(serving, "POST", "/v2/models/words/infer", {}, headers=shown))
            found.append(await ask(serving, "POST", "/models/words/invocations", CALL, headers=shown))
            return [slow[0].status, *found]

    first, mlflow, v2, live, *after = asyncio.run(turn())
    assert first == (400 if hangs_up else 200)
    said = json.loads(mlflow[2])
    assert (mlflow[0], said["error_code"]) == (429, "REQUEST_LIMIT_EXCEEDED")
    assert said["message"].startswith("the token 'billing' may have 2 requests at once: found 2 not answered")
    assert v2[0] == 429
    assert json.loads(v2[2]).keys() == {"error"}
    assert mlflow[1]["retry-after"] == v2[1]["retry-after"] == "1"
    assert live[0] == 200, "what asks no token is answered"
    assert [each[0] for each in after] == [400, 400, 400, 200]


def test_workers_count_together_and_those_of_one_that_was_killed_are_forgotten_by_its_successor() -> None:
    memory = shared_memory(2)
    token, header = made(requests_at_once=1)

    def worker(index: int) -> Any:
        gate = TokenGate(SharedQuotas(SharedPages(memory, 2).quotas, SharedLock(memory, 0), index, 2))
        gate.replace([token])
        return gate.require(header, "predict", None, AT).at_once

    first, second = worker(0), worker(1)
    first.begin("billing")
    with pytest.raises(QuotaReached, match="may have 1 requests at once: found 1"):
        second.begin("billing")
    successor = worker(0)
    second.begin("billing")
    with pytest.raises(QuotaReached):
        successor.begin("billing")


def test_where_there_is_no_room_for_more_tokens_requests_at_once_are_not_those_of_a_day() -> None:
    counts = SharedQuotas(memoryview(bytearray(3 * 80)), SharedLock(shared_memory(2), 0), 0, 2)
    gate = TokenGate(counts)
    tokens = [made(requests_a_day=5, requests_at_once=1) for _ in range(3)]
    gate.replace([token for token, _ in tokens])
    for _, header in tokens[1:]:
        bearer = gate.require(header, "predict", None, AT)
        assert bearer.at_once is not None
        for _ in range(2):
            bearer.at_once.begin("billing")
            bearer.take(AT, requests=1)
            bearer.at_once.end()
    with pytest.raises(QuotaReached, match="5 requests a day: found 4 used"):
        bearer.take(AT, requests=2)


def test_a_token_without_that_quota_is_not_counted_and_one_with_it_is_listed() -> None:
    token, header = made()
    gate = TokenGate()
    gate.replace([token])
    assert gate.require(header, "predict", None, AT).at_once is None
    assert _quota_text(Quota(rows_a_day=5, requests_at_once=2)) == "5 rows/day, 2 at once"


@pytest.mark.parametrize(("text", "size"), [
    ("64KiB", 65_536), ("16MiB", 2**24), ("1GB", 10**9), ("1.5kB", 1500), ("2048B", 2048), ("0.5GiB", 2**29),
])  # fmt: skip
def test_a_size_is_read_with_its_unit(text: str, size: int) -> None:
    assert byte_size(text) == size


@pytest.mark.parametrize(
    "text", ["", "16", "MiB", "16 MiB", "16mib", "-1MiB", "1e3MB", "16MiBs", "٣MB", "9" * 40 + "MB"]
)
def test_what_is_no_size_is_one_clear_error(text: str) -> None:
    with pytest.raises(BadProject, match="expected a size such as '64KiB', '16MiB' or '1GB'"):
        byte_size(text)


def test_an_option_without_a_unit_is_named() -> None:
    with pytest.raises(BadProject, match="--max-body: found '12', expected a size such as"):
        server_options(max_body="12")


@pytest.mark.parametrize("text", ["0B", "1023B", "2GiB"])
def test_a_body_is_bounded_by_what_a_server_can_hold(text: str) -> None:
    with pytest.raises(BadProject, match=f"--max-body: found '{text}', expected a size from 1KiB to 1GiB"):
        server_options(max_body=text)


def test_a_body_may_be_as_large_as_the_option_says_and_one_of_that_size_has_room() -> None:
    limits = limits_of(server_options(max_body="2KiB"), None)
    source = MemorySource(lambda model, number: MAKERS[model](model, number), {"words": one()})
    serving = App(source, None, key=b"r" * 32, limits=limits, say=lambda line: None)

    async def turn() -> list[Any]:
        async with serving:
            small = {"dataframe_records": [{**ROW, "__unit": "u" * 400}]}
            large = {"dataframe_records": [ROW] * 40}
            return [await ask(serving, "POST", "/invocations", each) for each in (small, large)]

    small, large = asyncio.run(turn())
    assert small[0] == 200
    assert large[0] == 413
    assert "expected at most 2048 bytes" in json.loads(large[2])["message"]
    assert limits_of(server_options(max_body="512MiB"), None).bodies == 2**29
    assert limits_of(server_options(), None) == limits_of(server_options(max_body="16MiB"), None)
