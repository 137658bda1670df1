"""Releases come and go while requests do: what is ready answers, what cannot be loaded does not."""

import asyncio
import json
import sys

import numpy as np
import polars as pl
import pytest

from comporta.errors import BadProject, NotFound, Tampered
from comporta.records import Field, Share, Signature
from comporta.serve import App, LoadedVersion, ModelScores
from comporta.serve.live_version import live_version
from comporta.testing.serving import MemorySink, MemorySource, ask

FIELDS = (Field(name="a", type="Float64"), Field(name="b", type="Float64"))


def make(model: str, number: int, **other) -> LoadedVersion:
    """A version that answers its own number."""

    def fast(rows) -> ModelScores:
        return ModelScores(np.full(len(rows), float(number)), None)

    return LoadedVersion(
        **{
            "model": model, "number": number, "fast": fast, "predict": lambda frame: fast(frame.to_numpy()),
            "signature": Signature(
                raw=FIELDS, features=FIELDS, output="label", task="regression", label="Float64"
            ),
            **other,
        }
    )  # fmt: skip


def all_to(version: int) -> tuple[Share, ...]:
    return (Share(version=version, weight=1.0),)


def opened(source: MemorySource, said: list[str] | None = None, sink: MemorySink | None = None) -> App:
    say = (said if said is not None else []).append
    return App(source, sink or MemorySink(), key=b"r" * 32, flush=0.02, poll=0.01, say=say)


BODY = {"inputs": [{"name": "m", "shape": [1, 2], "datatype": "FP64", "data": [1, 2]}]}


async def predicted(app: App, unit: str = "") -> float:
    body = {**BODY, "parameters": {"unit": unit}} if unit else BODY
    status, _, data = await ask(app, "POST", "/v2/models/late/infer", body)
    assert status == 200, data
    return json.loads(data)["outputs"][0]["data"][0]


async def until(true, seconds: float = 5.0) -> None:
    end = asyncio.get_running_loop().time() + seconds
    while not true():
        assert asyncio.get_running_loop().time() < end, "it did not come to pass in time"
        await asyncio.sleep(0.005)


def test_a_release_and_a_rollback_are_followed_without_a_failed_request() -> None:
    async def turn() -> None:
        sink = MemorySink()
        source = MemorySource(make, {"late": all_to(1)})
        answers: list[float] = []
        ending = False

        async def ask_on(app: App) -> None:
            while not ending:
                answers.append(await predicted(app))
                await asyncio.sleep(0)

        async with opened(source, sink=sink) as app:
            asking = [asyncio.create_task(ask_on(app)) for _ in range(8)]
            for version in (2, 3, 2, 1):
                await until(lambda: bool(answers))
                source.now["late"] = all_to(version)
                await until(lambda version=version: answers[-1] == version)
            ending = True
            await asyncio.gather(*asking)
        changes = [one for one, before in zip(answers, [0.0, *answers], strict=False) if one != before]
        assert changes == [1, 2, 3, 2, 1]
        assert len(sink.observations) == len(answers)
        assert [each.version for each in sink.observations] == answers

    asyncio.run(turn())


def test_a_version_that_stays_is_not_loaded_again() -> None:
    async def turn() -> None:
        source = MemorySource(make, {"late": all_to(1)})
        async with opened(source) as app:
            source.now["late"] = (Share(version=1, weight=0.9), Share(version=2, weight=0.1, role="canary"))
            await until(lambda: len(app.serving.models["late"].versions) == 2)
            source.now["late"] = (Share(version=1, weight=0.5), Share(version=2, weight=0.5, role="canary"))
            await until(lambda: app.serving.models["late"].shares == source.now["late"])
        assert source.loaded == [("late", 1), ("late", 2)]

    asyncio.run(turn())


def test_a_canary_answers_its_share_of_units_and_each_unit_always_the_same() -> None:
    async def turn() -> None:
        shares = (Share(version=1, weight=0.75), Share(version=2, weight=0.25, role="canary"))
        source = MemorySource(make, {"late": shares})
        async with opened(source) as app:
            first = [await predicted(app, f"unit {number}") for number in range(400)]
            again = [await predicted(app, f"unit {number}") for number in range(400)]
        assert first == again
        assert 60 < first.count(2.0) < 140

    asyncio.run(turn())


def _missing(model: str, number: int) -> LoadedVersion:
    raise NotFound(f"found no version {model}/{number}.")


def _broken(model: str, number: int) -> LoadedVersion:
    raise ZeroDivisionError("in the project's own code")


def _untrue(model: str, number: int) -> LoadedVersion:
    def test() -> None:
        raise Tampered("its answers to the trial rows are others.")

    return make(model, number, test=test)


def _mute(model: str, number: int) -> LoadedVersion:
    def predict(frame: pl.DataFrame) -> ModelScores:
        raise ValueError("no such thing")

    return make(model, number, fast=None, predict=predict, probe=pl.DataFrame({"a": [1.0], "b": [2.0]}))


def _two_minds(model: str, number: int) -> LoadedVersion:
    return make(model, number, predict=lambda frame: ModelScores(np.full(frame.height, 99.0), None))


def _strange(model: str, number: int) -> LoadedVersion:
    odd = (Field(name="a", type="List(Int64)"),)
    return make(
        model, number,
        signature=Signature(raw=odd, features=odd, output="label", task="regression", label="Float64"),
    )  # fmt: skip


@pytest.mark.parametrize("bad", [_missing, _broken, _untrue, _mute, _two_minds, _strange])
def test_a_version_that_cannot_answer_takes_no_traffic_and_the_one_before_goes_on(bad) -> None:
    async def turn() -> None:
        said: list[str] = []
        source = MemorySource(
            lambda model, n: bad(model, n) if n == 2 else make(model, n), {"late": all_to(1)}
        )
        async with opened(source, said) as app:
            source.now["late"] = all_to(2)
            await until(lambda: "late" in app.serving.failed)
            assert await predicted(app) == 1.0
            assert (await ask(app, "GET", "/v2/health/ready"))[0] == 200
            source.now["late"] = all_to(3)
            await until(lambda: not app.serving.failed)
            assert await predicted(app) == 3.0
        assert len([line for line in said if "cannot be served" in line]) == 1
        assert source.loaded.count(("late", 2)) < 3

    asyncio.run(turn())


def test_a_first_version_that_cannot_be_loaded_is_503_and_not_ready() -> None:
    async def turn() -> None:
        async with opened(MemorySource(_missing, {"late": all_to(1)})) as app:
            assert (await ask(app, "POST", "/v2/models/late/infer", BODY))[0] == 503
            assert (await ask(app, "GET", "/v2/health/ready"))[0] == 503
            assert (await ask(app, "GET", "/v2/health/live"))[0] == 200

    asyncio.run(turn())


def test_while_releases_cannot_be_read_what_serves_goes_on() -> None:
    class Flaky(MemorySource):
        broken = False

        def routes(self):
            if self.broken:
                raise OSError("the ledger is away")
            return super().routes()

    async def turn() -> None:
        said: list[str] = []
        source = Flaky(make, {"late": all_to(1)})
        async with opened(source, said) as app:
            source.broken = True
            await asyncio.sleep(0.05)
            assert await predicted(app) == 1.0
            source.broken, source.now["late"] = False, all_to(2)
            await until(lambda: app.serving.models["late"].shares == all_to(2))
            assert await predicted(app) == 2.0

    asyncio.run(turn())


def test_a_model_that_is_released_no_more_is_not_found() -> None:
    async def turn() -> None:
        source = MemorySource(make, {"late": all_to(1)})
        async with opened(source) as app:
            del source.now["late"]
            await until(lambda: not app.serving.models)
            assert (await ask(app, "POST", "/v2/models/late/infer", BODY))[0] == 404

    asyncio.run(turn())


def test_long_calls_leave_the_loop_free_and_too_many_are_told_to_come_again() -> None:
    import time

    from comporta.serve import ServeLimits

    def slow(model: str, number: int) -> LoadedVersion:
        def predict(frame: pl.DataFrame) -> ModelScores:
            time.sleep(0.03)
            return ModelScores(np.zeros(frame.height), None)

        return make(model, number, fast=None, predict=predict)

    async def turn() -> None:
        source = MemorySource(slow, {"late": all_to(1)})
        app = App(
            source, MemorySink(), key=b"r" * 32, poll=0.01, say=lambda line: None, limits=ServeLimits(queue=3)
        )
        async with app:
            asking = [asyncio.create_task(ask(app, "POST", "/v2/models/late/infer", BODY)) for _ in range(5)]
            await asyncio.sleep(0)
            started = time.perf_counter()
            assert (await ask(app, "GET", "/v2/health/live"))[0] == 200
            assert time.perf_counter() - started < 0.02
            assert sorted(status for status, _, _ in await asyncio.gather(*asking)) == [200] * 3 + [503] * 2

    asyncio.run(turn())


def test_while_a_version_is_loaded_a_request_gets_the_interpreter_sooner() -> None:
    seen: list[float] = []
    before = sys.getswitchinterval()

    def load() -> LoadedVersion:
        seen.append(sys.getswitchinterval())
        return make("late", 1)

    def broken() -> LoadedVersion:
        raise OSError("the disk is gone")

    live_version(load, "late/1", 0, print)
    assert seen == [pytest.approx(0.0002)]
    with pytest.raises(BadProject, match="the disk is gone"):
        live_version(broken, "late/2", 0, print)
    assert sys.getswitchinterval() == before
