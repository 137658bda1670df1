"""A shadow is asked what the others answered, after they did, and changes nothing for anybody."""

from __future__ import annotations

import asyncio
import json
import threading
from math import inf
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest

from comporta.acts.serve.server_state import arm_tallies
from comporta.records import Field, Share, Signature
from comporta.serve import App, LoadedVersion, ModelScores, shadow
from comporta.serve.tally import Tally
from comporta.store import MemoryStore
from comporta.testing.serving import MemorySink, MemorySource, ask, plan_route

FIELDS = (Field(name="a", type="Float64"), Field(name="b", type="Float64"))
SIGNATURE = Signature(raw=FIELDS, features=FIELDS, output="label", task="regression", label="Float64")
SHADOWED = (Share(version=1, weight=1.0), Share(version=2, weight=0, role="shadow"))


@pytest.fixture(autouse=True)
def _never_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shadow, "_BUSY", inf)


def make(model: str, number: int, **other: Any) -> LoadedVersion:
    """A version that answers the sum of a row times its number."""

    def fast(rows: Any) -> ModelScores:
        return ModelScores(rows.sum(axis=1) * number, None)

    return LoadedVersion(
        **{
            "model": model, "number": number, "fast": fast, "predict": lambda frame: fast(frame.to_numpy()),
            "signature": SIGNATURE, **other,
        }
    )  # fmt: skip


def rows(*numbers: float, **parameters: str) -> dict[str, Any]:
    tensor = {"name": "m", "shape": [len(numbers), 2], "datatype": "FP64", "data": []}
    for number in numbers:
        tensor["data"] += [number, 0.5]
    return {"inputs": [tensor], "parameters": parameters}


async def infer(app: App, body: dict[str, Any], path: str = "/v2/models/late/infer") -> dict[str, Any]:
    status, _, data = await ask(app, "POST", path, body)
    assert status == 200, data
    return {each["name"]: each["data"] for each in json.loads(data)["outputs"]}


async def until(true: Any) -> None:
    async with asyncio.timeout(10):
        while not true():
            await asyncio.sleep(0.005)


def app_of(source: MemorySource, sink: MemorySink, **more: Any) -> App:
    return App(source, sink, key=b"r" * 32, **{"flush": 0.01, "poll": 0.02, "say": [].append, **more})


def shadowed(make: Any = make) -> MemorySource:
    return MemorySource(make, {"late": plan_route("late", SHADOWED, "p1", 5)})


async def metric(app: App, name: str) -> float:
    text = (await ask(app, "GET", "/metrics"))[2].decode()
    found = [line for line in text.splitlines() if line.startswith(f"comporta_{name}{{")]
    return float(found[0].split()[-1]) if found else 0.0


def test_a_shadow_answers_nobody_and_what_it_would_have_said_is_logged_beside_the_answer() -> None:
    async def turn() -> None:
        sink = MemorySink()
        async with app_of(shadowed(), sink) as app:
            await until(lambda: app.serving.models["late"].shadow)
            said = [await infer(app, rows(1.0, unit="u")), await infer(app, rows(2.0, 3.0, 4.0))]
            assert [each["prediction"] for each in said] == [[1.5], [2.5, 3.5, 4.5]]
            pinned = await infer(app, rows(9.0), "/v2/models/late/versions/1/infer")
            await until(lambda: len(sink.observations) == 9)
        heard = {each.id: each for each in sink.observations if each.shadow_of is None}
        unheard = [each for each in sink.observations if each.shadow_of is not None]
        answered = [id for each in said for id in each["prediction_id"]]
        assert [each.shadow_of for each in unheard] == answered
        assert heard.keys() == {*answered, *pinned["prediction_id"]}, (
            "one that named its version is not shadowed"
        )
        for each in unheard:
            of = heard[each.shadow_of]
            assert (each.version, each.arm, each.release, of.arm, each.id == of.id) == (
                2, "shadow", 5, "champion", False,
            )  # fmt: skip
            assert each.output["prediction"] == 2 * of.output["prediction"]
            assert (each.inputs, each.unit, each.at) == (of.inputs, of.unit, of.at)

    asyncio.run(turn())


def test_the_short_way_of_one_row_is_shadowed_too() -> None:
    async def turn() -> None:
        sink = MemorySink()
        async with app_of(shadowed(), sink) as app:
            await until(lambda: app.serving.models["late"].shadow)
            data = json.dumps(rows(1.0, unit="u")).encode()
            sent = [(b"host", b"localhost"), (b"content-type", b"application/json")]
            reply = app.answer_directly(app._match("POST", "/v2/models/late/infer"), sent, data)
            assert reply is not None and reply.status == 200
            await until(lambda: len(sink.observations) == 2)
        of, unheard = sink.observations
        assert (unheard.shadow_of, unheard.unit, unheard.output) == (of.id, "u", {"prediction": 3.0})

    asyncio.run(turn())


def test_a_shadow_that_raises_harms_nobody_and_is_counted(tmp_path: Path) -> None:
    def load(model: str, number: int) -> LoadedVersion:
        calls = iter(range(10**6))

        def broken(frame: pl.DataFrame) -> ModelScores:
            if number == 2 and next(calls) > 20:  # once it is warm
                raise RuntimeError("no")
            return ModelScores(np.ones(frame.height), None)

        return make(model, number, fast=None, predict=broken)

    async def turn() -> Tally:
        sink = MemorySink()
        (tmp_path / "serving").mkdir()
        tally = Tally(tmp_path / "serving" / "one.tally")
        async with app_of(shadowed(load), sink, tally=tally) as app:
            await until(lambda: app.serving.models["late"].shadow)
            for _ in range(30):
                assert (await infer(app, rows(1.0)))["prediction"] == [1.0]
            await until(lambda: app._predictions.shadow.waiting == 0)
            failed, scored = [await metric(app, f"shadow_{name}_total") for name in ("failures", "rows")]
            assert failed > 5 and failed + scored == 30
            of = SimpleNamespace(below=tmp_path, store=MemoryStore())
            arms = {each.arm: each for each in arm_tallies(of, "late", "p1")}
            assert (arms["shadow"].shadow_failures, arms["champion"].failures) == (failed, 0)
        return tally

    asyncio.run(turn()).close()


def test_what_a_slow_shadow_has_no_time_for_is_dropped_and_counted() -> None:
    go = threading.Event()
    go.set()

    def load(model: str, number: int) -> LoadedVersion:
        def slow(frame: pl.DataFrame) -> ModelScores:
            if number == 2:
                assert go.wait(20)
            return ModelScores(np.ones(frame.height), None)

        return make(model, number, fast=None, predict=slow)

    async def turn() -> None:
        sink = MemorySink()
        async with app_of(shadowed(load), sink) as app:
            await until(lambda: app.serving.models["late"].shadow)
            go.clear()
            for _ in range(6):
                await infer(app, rows(*[1.0] * 3000))
            assert app._predictions.shadow.waiting <= 10_000
            assert await metric(app, "shadow_rows_dropped_total") >= 6000
            go.set()

    asyncio.run(turn())


@pytest.mark.parametrize("names", [("b", "a"), ("a", "b")])
def test_a_shadow_of_other_columns_reads_them_by_name(names: tuple[str, str]) -> None:
    def load(model: str, number: int) -> LoadedVersion:
        if number == 1:
            return make(model, number)
        fields = tuple(Field(name=name, type="Float64") for name in names)

        def first(values: Any) -> ModelScores:
            return ModelScores(values[:, 0], None)

        return make(
            model, number, fast=first, predict=lambda frame: first(frame.to_numpy()),
            signature=msgspec.structs.replace(SIGNATURE, raw=fields, features=fields),
        )  # fmt: skip

    async def turn() -> None:
        sink = MemorySink()
        async with app_of(shadowed(load), sink) as app:
            await until(lambda: app.serving.models["late"].shadow)
            await infer(app, rows(7.0))
            await infer(app, rows(7.0, 8.0))
            await until(lambda: len(sink.observations) == 6)
        said = [each.output["prediction"] for each in sink.observations if each.shadow_of is not None]
        assert said == ([0.5] * 3 if names == ("b", "a") else [7.0, 7.0, 8.0])

    asyncio.run(turn())


def test_a_busy_server_asks_its_shadow_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shadow, "_BUSY", -1.0)

    async def turn() -> None:
        sink = MemorySink()
        async with app_of(shadowed(), sink) as app:
            await until(lambda: app.serving.models["late"].shadow)
            await infer(app, rows(1.0, 2.0))
            await until(lambda: app._predictions.shadow.waiting == 0)
            assert await metric(app, "shadow_rows_dropped_total") == 2
        assert len(sink.observations) == 2

    asyncio.run(turn())
