"""Arms of a plan, versions that wait, and servers cut off from their ledger."""

from __future__ import annotations

import asyncio
import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from comporta.acts.serve.lost_rows import write_lost_rows
from comporta.acts.serve.server_options import server_options
from comporta.acts.serve.server_state import arm_tallies, serving_now
from comporta.acts.serve.serving import ReleasedVersions
from comporta.acts.up.status import cut_off_servers
from comporta.errors import BadProject, NotFound
from comporta.opened.project import OpenProject, open_root
from comporta.records import Field, Share, Signature
from comporta.serve import App, LoadedVersion, ModelScores, ServeLimits
from comporta.serve.server_now import ModelNow
from comporta.serve.server_options import limits_of
from comporta.serve.tally import Tally
from comporta.serve.traffic_split import choose_share
from comporta.store import MemoryStore
from comporta.testing.serving import MemorySink, MemorySource, ask, plan_route

FIELDS = (Field(name="a", type="Float64"), Field(name="b", type="Float64"))
SIGNATURE = Signature(raw=FIELDS, features=FIELDS, output="label", task="regression", label="Float64")
KEY = b"r" * 32
ALL_TO_1 = (Share(version=1, weight=1.0),)
GREEN = (Share(version=1, weight=1.0), Share(version=2, weight=0, role="fallback"))
CANARY = (
    Share(version=1, weight=0.4),
    Share(version=1, weight=0.3, role="control"),
    Share(version=2, weight=0.3, role="canary"),
)


def make(model: str, number: int, **other: Any) -> LoadedVersion:
    """A version that answers its own number, and raises where a row begins with 13."""

    def fast(rows: Any) -> ModelScores:
        if (rows[:, 0] == 13).any() and number == 2:
            raise RuntimeError("an unlucky number")
        return ModelScores(np.full(len(rows), float(number)), None)

    return LoadedVersion(
        **{
            "model": model, "number": number, "fast": fast, "predict": lambda frame: fast(frame.to_numpy()),
            "signature": SIGNATURE, **other,
        }
    )  # fmt: skip


def body(unit: str = "", first: float = 1.0) -> dict[str, Any]:
    rows = {"inputs": [{"name": "m", "shape": [1, 2], "datatype": "FP64", "data": [first, 2]}]}
    return {**rows, "parameters": {"unit": unit}} if unit else rows


async def answer(app: App, unit: str = "", first: float = 1.0, model: str = "late") -> tuple[int, Any]:
    status, _, data = await ask(app, "POST", f"/v2/models/{model}/infer", body(unit, first))
    return status, json.loads(data)


async def version_of(app: App, unit: str = "", model: str = "late") -> float:
    status, said = await answer(app, unit, model=model)
    assert status == 200, said
    return float(said["outputs"][0]["data"][0])


async def until(true: Any, seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.005)


def app_of(
    source: MemorySource, sink: MemorySink | None = None, said: list[str] | None = None, **more: Any
) -> App:
    settings = {"flush": 0.01, "poll": 0.02, "say": (said if said is not None else []).append, **more}
    return App(source, sink or MemorySink(), key=KEY, **settings)


def project(tmp_path: Path) -> Any:
    return SimpleNamespace(
        below=tmp_path, store=MemoryStore(), clock=lambda: datetime(2026, 1, 1, tzinfo=UTC)
    )


def test_a_warm_version_takes_over_while_another_model_is_still_being_loaded() -> None:
    go = threading.Event()

    def load(model: str, number: int) -> LoadedVersion:
        if model == "slow":
            assert go.wait(20)
        return make(model, number)

    async def turn() -> None:
        source = MemorySource(load, {"late": plan_route("late", GREEN, "p1")})
        async with app_of(source) as app:
            await until(lambda: app.serving.models["late"].warm)
            assert (await ask(app, "GET", "/v2/models/late/versions/2"))[0] == 404, "it answers nobody"
            source.now["slow"] = (Share(version=1, weight=1.0),)
            await until(lambda: ("slow", 1) in source.loaded)
            source.now["late"] = plan_route(
                "late", (Share(version=2, weight=1.0), Share(version=1, weight=0, role="fallback")), "p1", 2
            )
            await until(lambda: app.serving.models["late"].release == 2)
            assert await version_of(app) == 2.0
            source.now["late"] = ALL_TO_1
            await until(lambda: app.serving.models["late"].release is None)
            assert await version_of(app) == 1.0
            assert (await answer(app, model="slow"))[0] == 503
            go.set()
            await until(lambda: "slow" in app.serving.models)
            assert await version_of(app, model="slow") == 1.0
        assert source.loaded == [("late", 1), ("late", 2), ("slow", 1)]

    asyncio.run(turn())


def test_a_waiting_version_that_cannot_be_loaded_harms_nobody_and_is_told(tmp_path: Path) -> None:
    def load(model: str, number: int) -> LoadedVersion:
        if number == 2:
            raise NotFound("found no version late/2.")
        return make(model, number)

    async def turn() -> None:
        said: list[str] = []
        (tmp_path / "serving").mkdir()
        tally = Tally(tmp_path / "serving" / "one.tally")
        source = MemorySource(load, {"late": plan_route("late", GREEN, "p1", 4)})
        async with app_of(source, said=said, tally=tally) as app:
            await until(lambda: app.serving.unready)
            assert await version_of(app) == 1.0
            assert (await ask(app, "GET", "/v2/health/ready"))[0] == 200
            (now,) = serving_now(project(tmp_path))
            assert now.alive and now.at is not None
            assert now.of("late") == ModelNow(model="late", release=4, plan="p1", versions=(1,), failed=(2,))
        assert len([line for line in said if "late/2" in line]) == 1
        tally.close()
        (now,) = serving_now(project(tmp_path))
        assert not now.alive

    asyncio.run(turn())


def test_each_arm_counts_its_requests_failures_and_rows_without_a_unit(tmp_path: Path) -> None:
    units = [f"unit {n}" for n in range(60)]
    arms = {unit: choose_share(CANARY, KEY, "late", unit, "p1").role for unit in units}
    opened = project(tmp_path)

    async def turn(worker: str) -> Tally:
        (tmp_path / "serving").mkdir(exist_ok=True)
        tally = Tally(tmp_path / "serving" / f"{worker}.tally")
        source = MemorySource(make, {"late": plan_route("late", CANARY, "p1", 3)})
        async with app_of(source, tally=tally) as app:
            for unit in units:
                assert await version_of(app, unit) == (2.0 if arms[unit] == "canary" else 1.0)
                status, _ = await answer(app, unit, first=13.0)
                assert status == (500 if arms[unit] == "canary" else 200)
            assert (await answer(app))[0] == 200
        return tally

    def counts() -> dict[str, Any]:
        return {each.arm: each for each in arm_tallies(opened, "late", "p1")}

    tally = asyncio.run(turn("one"))
    n = {arm: sum(each == arm for each in arms.values()) for arm in ("champion", "control", "canary")}
    assert min(n.values()) > 5
    found = counts()
    assert {arm: each.requests for arm, each in found.items()} == {
        "champion": 2 * n["champion"] + 1, "control": 2 * n["control"], "canary": n["canary"],
    }  # fmt: skip
    assert [found[arm].failures for arm in ("champion", "control", "canary")] == [0, 0, n["canary"]]
    assert [found[arm].without_unit for arm in ("champion", "control", "canary")] == [1, 0, 0]
    assert all(
        sum(each.times) == each.requests == each.rows and each.unlogged == 0 for each in found.values()
    )
    assert found["canary"].release == 3 and found["canary"].version == 2
    assert arm_tallies(opened, "late", "another") == ()

    # It ends in order: what it counted outlives its file; and another process counts on.
    write_lost_rows(opened, "one", {}, tally.arms())
    assert counts() == found, "counted twice: its file is there still"
    tally.close()
    (tmp_path / "serving" / "one.tally").unlink()
    assert counts() == found
    asyncio.run(turn("two")).close()
    assert counts()["canary"].requests == 2 * n["canary"]


def test_rows_that_were_answered_and_never_written_are_units_lost_by_their_arm(tmp_path: Path) -> None:
    async def turn() -> Tally:
        (tmp_path / "serving").mkdir()
        tally, sink = Tally(tmp_path / "serving" / "one.tally"), MemorySink()
        sink.fault = OSError("the disk is gone")
        source = MemorySource(make, {"late": plan_route("late", CANARY, "p1")})
        app = app_of(source, sink, tally=tally)
        async with app:
            for n in range(40):
                await version_of(app, f"unit {n}")
            app.recorder._until = 0.0
            await app.recorder.close(patience=0.05)
        return tally

    opened, tally = project(tmp_path), asyncio.run(turn())
    found = arm_tallies(opened, "late", "p1")
    assert sum(each.unlogged for each in found) == sum(each.rows for each in found) == 40
    tally.close()
    assert arm_tallies(opened, "late", "p1") == found


class Ledger(MemorySource):
    """Can be cut off."""

    away = False

    def mark(self) -> object:
        self._require()
        return super().mark()

    def routes(self) -> Any:
        self._require()
        return super().routes()

    def _require(self) -> None:
        if self.away:
            raise OSError("no route to host")


def test_a_server_cut_off_from_its_ledger_goes_on_says_so_and_stops_in_time() -> None:
    async def turn() -> None:
        said: list[str] = []
        now = [1_780_000_000 * 10**9]
        source = Ledger(make, {"late": ALL_TO_1})
        limits = ServeLimits(partition=24 * 3600.0)
        async with app_of(source, said=said, nanoseconds=lambda: now[0], limits=limits) as app:

            async def cut_off() -> str:
                text = (await ask(app, "GET", "/metrics"))[2].decode()
                return next(line for line in text.splitlines() if line.startswith("comporta_workers_cut_off"))

            assert await cut_off() == "comporta_workers_cut_off 0"
            source.away, source.now["late"] = True, (Share(version=2, weight=1.0),)
            await until(lambda: app._follower._fails)
            assert await cut_off() == "comporta_workers_cut_off 1"
            now[0] += 24 * 3600 * 10**9 - 10**9
            await asyncio.sleep(0.1)
            assert await version_of(app) == 1.0, "it goes on with the last release it was allowed"
            now[0] += 2 * 10**9
            await until(lambda: app.serving.cut_off)
            status, answered = await answer(app)
            assert status == 503 and "--max-partition" in answered["error"]
            assert (await ask(app, "GET", "/v2/health/ready"))[0] == 503
            assert (await ask(app, "GET", "/v2/health/live"))[0] == 200
            source.away = False
            await until(lambda: not app.serving.cut_off)
            await until(lambda: app.serving.models["late"].shares[0].version == 2)
            assert await version_of(app) == 2.0
            assert await cut_off() == "comporta_workers_cut_off 0"
        assert len([line for line in said if "nothing is answered until they can be" in line]) == 1

    asyncio.run(turn())


def test_a_server_whose_sqlite_ledger_is_gone_stops_in_time_and_answers_again_once_it_is_back(
    tmp_path: Path, unpack_house: Any
) -> None:
    folder = unpack_house(tmp_path / "shop")
    row = {"customer": 70, "month": "2026-08-01T00:00:00Z", "tenure": 70, "plan": "family"}
    asked = {"dataframe_records": [row]}

    async def turn(opened: OpenProject) -> None:
        now = [1_780_000_000 * 10**9]
        app = App(
            ReleasedVersions(opened), MemorySink(), key=KEY, poll=0.05, nanoseconds=lambda: now[0],
            limits=ServeLimits(partition=3600.0), say=[].append,
        )  # fmt: skip

        async def status() -> int:
            return (await ask(app, "POST", "/models/leaving/invocations", asked))[0]

        path = Path(opened.settings.ledger.removeprefix("sqlite:///"))
        path = path if path.is_absolute() else opened.home / path
        assert path.is_file()
        async with app:
            assert await status() == 200
            opened.ledger.close()
            path.rename(path.with_suffix(".away"))
            path.mkdir()
            await until(lambda: app._follower._fails)
            now[0] += 3599 * 10**9
            assert await status() == 200
            now[0] += 2 * 10**9
            await until(lambda: app.serving.cut_off)
            assert await status() == 503
            path.rmdir()
            path.with_suffix(".away").rename(path)
            await until(lambda: not app.serving.cut_off)
            assert await status() == 200

    with open_root(folder) as opened:
        asyncio.run(turn(opened))


def test_status_names_a_server_that_has_not_read_releases_for_a_while(tmp_path: Path) -> None:
    (tmp_path / ".comporta" / "serving").mkdir(parents=True)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert cut_off_servers(tmp_path, now) == ()
    tally = Tally(tmp_path / ".comporta" / "serving" / "one.tally")
    assert cut_off_servers(tmp_path, now) == (), "it has not begun"
    tally.note_look(int((now - timedelta(seconds=5)).timestamp() * 1e9))
    assert cut_off_servers(tmp_path, now) == ()
    (found,) = cut_off_servers(tmp_path, now + timedelta(seconds=20))
    assert (found.worker, found.at) == ("one", now - timedelta(seconds=5))
    tally.close()
    assert cut_off_servers(tmp_path, now + timedelta(seconds=20)) == (), "it is dead: nobody is answered"


@pytest.mark.parametrize("text", ["", "soon", "24", "-1h", "0s", "9s"])
def test_a_partition_that_is_no_span_or_too_short_is_one_clear_error(text: str) -> None:
    with pytest.raises(BadProject, match="--max-partition: found"):
        server_options(max_partition=text)


def test_a_partition_is_of_a_day_unless_said_otherwise() -> None:
    assert limits_of(server_options(), None).partition == 24 * 3600
    assert limits_of(server_options(max_partition="30m"), None).partition == 1800


def test_a_ledger_that_does_not_answer_at_all_cuts_off_too() -> None:
    hangs, go = threading.Event(), threading.Event()

    class Hanging(MemorySource):
        def mark(self) -> object:
            if hangs.is_set():
                go.wait(20)
            return super().mark()

    async def turn() -> None:
        now = [1_780_000_000 * 10**9]
        source = Hanging(make, {"late": ALL_TO_1})
        limits = ServeLimits(partition=60.0)
        async with app_of(source, nanoseconds=lambda: now[0], limits=limits) as app:
            hangs.set()
            now[0] += 61 * 10**9
            await until(lambda: app.serving.cut_off)
            hangs.clear()
            go.set()
            await until(lambda: not app.serving.cut_off)
            assert await version_of(app) == 1.0

    asyncio.run(turn())
