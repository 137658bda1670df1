"""Two workers of one server, here as two applications in one process on the same shared pages."""

from __future__ import annotations

import asyncio
import json
import secrets
import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from comporta.http.bearer import new_token
from comporta.records import Field, Release, Route, Share, Signature
from comporta.records.token import Quota, Token
from comporta.serve import App, LoadedVersion, ModelScores
from comporta.serve.shared_pages import SharedPages, shared_memory
from comporta.serve.sibling_workers import SiblingWorkers
from comporta.testing.serving import MemorySink, MemorySource, ask

FIELDS = (Field(name="x", type="Float64"),)
SIGNATURE = Signature(raw=FIELDS, features=FIELDS, output="label", task="regression", label="Float64")
BODY = {"inputs": {"x": [1.0]}}


def make(model: str, number: int) -> LoadedVersion:
    def predict(frame: Any) -> ModelScores:
        return ModelScores(np.full(frame.height, float(number)), None)

    return LoadedVersion(model=model, number=number, signature=SIGNATURE, predict=predict)


class Releases(MemorySource):
    """Releases with numbers, as a project has them. slow: what the loading of a version waits for."""

    def __init__(self) -> None:
        super().__init__(make, {"late": (Share(version=1, weight=1.0),)})
        self.slow = threading.Event()
        self.slow.set()

    def routes(self) -> Mapping[str, Route]:
        routes = super().routes()
        return {
            model: Route(
                model=model, shares=each.shares,
                history=(
                    Release(
                        model=model, number=each.champion, kind="release", shares=each.shares, previous=None,
                        by="x", reason="", at=datetime(2026, 1, 1, tzinfo=UTC),
                    ),
                ),
            )
            for model, each in routes.items()
        }  # fmt: skip

    def load(self, model: str, number: int) -> LoadedVersion:
        self.slow.wait(10)
        return super().load(model, number)


def workers(*sources: Releases, sink: MemorySink | None = None, **more: Any) -> list[App]:
    memory = shared_memory(len(sources))
    apps = []
    for index, source in enumerate(sources):
        siblings = SiblingWorkers(SharedPages(memory, len(sources)), index)
        siblings.take_connections(0)
        apps.append(
            App(
                source, MemorySink() if sink is None else sink, key=b"k" * 32, poll=0.01, siblings=siblings,
                say=[].append, **more,
            )
        )  # fmt: skip
    return apps


async def version(app: App) -> int:
    status, _, body = await ask(app, "POST", "/invocations", BODY)
    assert status == 200, body
    return json.loads(body)["model_versions"][0]


async def until(true: Any) -> None:
    async with asyncio.timeout(5):
        while not await true():
            await asyncio.sleep(0.005)


def test_a_release_answers_nowhere_before_every_worker_has_loaded_it() -> None:
    quick, slow = Releases(), Releases()

    async def turn() -> None:
        one, two = workers(quick, slow)
        async with one, two:
            slow.slow.clear()
            for source in (quick, slow):
                source.now["late"] = (Share(version=2, weight=1.0),)

            async def loaded() -> bool:
                return ("late", 2) in quick.loaded

            await until(loaded)
            await asyncio.sleep(0.1)
            assert [await version(one), await version(two)] == [1, 1]
            slow.slow.set()

            async def both() -> bool:
                return [await version(one), await version(two)] == [2, 2]

            await until(both)

    asyncio.run(turn())


def test_metrics_are_of_all_workers_whichever_is_asked() -> None:
    async def turn() -> None:
        one, two = workers(Releases(), Releases())
        async with one, two:
            for app in (one, one, two):
                await version(app)
            two.publish_samples()
            text = (await ask(one, "GET", "/metrics"))[2].decode()
        assert 'comporta_requests_total{route="invoke",status="200"} 3' in text
        assert "comporta_workers 2" in text and "comporta_worker_restarts_total 0" in text
        assert 'comporta_share{model="late",version="1"} 1\n' in text
        assert 'comporta_release{model="late"} 1\n' in text

    asyncio.run(turn())


def token(**fields: Any) -> tuple[Token, tuple[str, str]]:
    new = new_token(secrets.token_bytes)
    now = datetime.now(UTC)
    found = Token(id=new.id, name="shop", digest=new.digest, at=now, ends=now + timedelta(days=1), **fields)
    return found, ("authorization", f"Bearer {new.text}")


def test_a_quota_is_of_all_workers_together() -> None:
    known, header = token(quota=Quota(requests_a_day=3))

    async def turn() -> None:
        apps = workers(Releases(), Releases(), tokens=lambda: [known])
        async with apps[0], apps[1]:
            found = [
                (await ask(apps[turn % 2], "POST", "/invocations", BODY, headers=[header]))[0]
                for turn in range(5)
            ]
        assert found == [200, 200, 200, 429, 429]

    asyncio.run(turn())


def test_a_label_may_come_to_another_worker_before_the_answer_is_written() -> None:
    known, header = token(models=("late",), actions=("predict", "feedback"))

    async def turn() -> None:
        sink = MemorySink({("late", 1): SIGNATURE})
        one, two = workers(Releases(), Releases(), sink=sink, tokens=lambda: [known], flush=0.15)
        async with one, two:
            body = (await ask(one, "POST", "/invocations", BODY, headers=[header]))[2]
            (id,) = json.loads(body)["prediction_ids"]
            assert not sink.observations, "it is written already: nothing is shown"
            label = {"id": id, "label": 2.5}
            status, _, said = await ask(two, "POST", "/feedback", label, headers=[header])
            assert (status, json.loads(said)) == (200, {"accepted": 1})
            # One that nobody answered is looked for as long, and is none.
            label = {"id": id[:-1] + ("0" if id[-1] != "0" else "1"), "label": 2.5}
            assert (await ask(two, "POST", "/feedback", label, headers=[header]))[0] == 403

    asyncio.run(turn())
