"""A version keeps the lock of its libraries: after an upgrade it answers from an environment built of it,
beside one that was made since; where that cannot be built, one clear error."""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import shutil
import signal
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import psutil
import pytest

from comporta.acts.build.run import run
from comporta.acts.environment.build import build_environment
from comporta.acts.release.release import release, version_of
from comporta.acts.serve.serving import ReleasedVersions
from comporta.acts.upkeep.environments import sweep_environments
from comporta.cli import main
from comporta.cli.init import make
from comporta.engine import Engine, environment
from comporta.errors import BadData, BadRequest, NotFound, Refused, StepFailed
from comporta.opened import environment_client
from comporta.opened.environments import environment_folder, lock_of
from comporta.opened.project import OpenProject, open_project
from comporta.records import Share
from comporta.serve import App, LoadedVersion
from comporta.testing.serving import MemorySink, MemorySource, ask

PROJECT = """
import numpy as np
import polars as pl
import wobble
from sklearn.base import BaseEstimator, RegressorMixin
from comporta import Dataset, Features, Model, Project, at_random

def read_things():
    x = np.round(np.random.default_rng(3).normal(size=120), 2)
    return pl.DataFrame({"id": np.arange(120), "x": x, "y": 3 * x})

things = Dataset("things", source=read_things, key="id")

class Wobbly(RegressorMixin, BaseEstimator):
    def fit(self, X, y):
        self.coef_ = np.array([1.0])
        return self

    def predict(self, X):
        return wobble.scale() * np.asarray(X, dtype=float)[:, 0]

def tenfold(rows):
    return rows.select(z=wobble.scale() * 10 * pl.col("x"))

def fit(X, y):
    return Wobbly().fit(X, y)

size = Model(
    "size", features=Features("f", of=things, known=("id", "x"), compute=(tenfold,), use=("z",)), fit=fit,
    target="y", split=at_random(test=0.3), gates=(), metrics=("rmse",),
)
project = Project("wobbly", models=(size,))
"""
WOBBLE = '''
"""A library that answers otherwise since its second release."""
def scale():
    return {version}
'''


def files(version: str) -> dict[str, str]:
    info = f"wobble-{version}.dist-info"
    return {
        "wobble.py": WOBBLE.format(version=version),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: wobble\nVersion: {version}\n",
        f"{info}/RECORD": f"wobble.py,sha256={version},1\n{info}/METADATA,,\n{info}/RECORD,,\n",
    }


def install(packages: Path, version: str) -> None:
    """Puts this release in the place of whichever is there, as an installer does."""
    for old in packages.rglob("*"):
        if old.is_file():
            old.unlink()
    for name, text in files(version).items():
        (packages / name).parent.mkdir(parents=True, exist_ok=True)
        (packages / name).write_text(text)
    if "wobble" in sys.modules:
        importlib.reload(sys.modules["wobble"])
    for cached in (environment.owners, environment._installed_version):
        cached.cache_clear()


def wheel(folder: Path, name: str, version: str, more: dict[str, str]) -> None:
    """A wheel with its metadata and these files."""
    name = name.replace("-", "_")
    info = f"{name}-{version}.dist-info"
    told = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        **more,
    }
    record = "".join(f"{each},,\n" for each in (*told, f"{info}/RECORD"))
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        for each, text in {**told, f"{info}/RECORD": record}.items():
            archive.writestr(each, text)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenProject]:
    """A model made with wobble 1.0 and released; then 2.0 was installed. The index has wheels of all that
    is in the lock: but for wobble's, they hold nothing, and a path leads to what is installed here."""
    home = tmp_path_factory.mktemp("wobbly")
    packages, index, folder = home / "site-packages", home / "index", home / "project"
    index.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        packages.mkdir()
        patch.syspath_prepend(str(packages))
        patch.setenv("XDG_CONFIG_HOME", str(home / "config"))
        patch.setenv("COMPORTA_EXECUTOR", "inline://")
        patch.setenv("UV_OFFLINE", "1")
        patch.setenv("UV_NO_INDEX", "1")
        patch.setenv("UV_FIND_LINKS", str(index))
        install(packages, "1.0")
        make(folder, "wobbly")
        (folder / "project.py").write_text(PROJECT)
        with open_project(folder, works=True) as opened:
            run(opened)
            release(opened, "size/1")
            for each in lock_of(opened, version_of(opened, "size/1")).distributions:
                here = {"here.pth": f"{sys.prefix}/lib/python3.{sys.version_info.minor}/site-packages\n"}
                mine = {"wobble.py": WOBBLE.format(version="1.0"), **here} if each.name == "wobble" else {}
                if not each.folder:
                    wheel(index, each.name, each.version, mine)
            install(packages, "2.0")
            yield opened
        del sys.modules["wobble"]


ROWS = pl.DataFrame({"z": [1.0, -0.5, 0.0, 4.25]})


def test_the_lock_has_what_its_code_imports_and_what_that_requires(house: OpenProject) -> None:
    lock = lock_of(house, version_of(house, "size/1"))
    held = {each.name: each.version for each in lock.distributions}
    assert held["wobble"] == "1.0"
    assert {"comporta", "scikit-learn", "numpy", "scipy", "polars", "joblib"} <= held.keys()
    assert "pytest" not in held and "ruff" not in held


def test_without_its_environment_it_is_refused_with_the_command_that_builds_it(house: OpenProject) -> None:
    with pytest.raises(Refused, match=r"^size/1: .*wobble 2\.0 here, 1\.0 then.*: comporta env size/1$"):
        ReleasedVersions(house).load("size", 1)


def test_a_lock_that_cannot_be_rebuilt_is_one_error_and_leaves_nothing(
    house: OpenProject, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("UV_FIND_LINKS", str(tmp_path))
    assert main(["env", "size/1", "--project", str(house.root)]) == 2
    *waited, said = capsys.readouterr().err.splitlines()
    assert said.startswith("size/1: its environment could not be built, and nothing is left of it.")
    assert "UV_FIND_LINKS" in said and len(waited) <= 1, "beside it, that one waits, if that takes long"
    folder = environment_folder(house, version_of(house, "size/1"))
    assert [each.name for each in folder.parent.iterdir()] == [f"{folder.name}.turn"]


@pytest.fixture(scope="module")
def built(house: OpenProject) -> OpenProject:
    assert main(["env", "size/1", "--project", str(house.root), "--json"]) == 0
    return house


def test_it_is_built_once_of_its_lock_and_the_comporta_that_runs(built: OpenProject) -> None:
    one = build_environment(built, "size/1")
    assert not one.fresh
    # The wheel of this test has another list of files than what was installed by hand: that is told.
    assert [str(each) for each in one.changes] == ["wobble 1.0 with other files"]
    (site,) = Path(one.folder).glob("lib/*/site-packages")
    assert {"wobble.py", "comporta"} <= {each.name for each in site.iterdir()}
    assert not list(Path(one.folder).parent.glob("*.draft*"))


@pytest.fixture(scope="module")
def old(built: OpenProject) -> Iterator[Callable[[], LoadedVersion]]:
    """What gives version 1, in a process of its environment, which ends when nobody has it any more."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(environment_client, "ANSWER_SECONDS", 10.0)
        kept = [ReleasedVersions(built).load("size", 1)]
        process = child()
        yield lambda: kept[0]
        process = child()
        kept.clear()
        process.wait(10)


def child() -> psutil.Process:
    (found,) = [
        each for each in psutil.Process().children() if "comporta.opened.environment_worker" in each.cmdline()
    ]
    return found


def test_two_releases_of_a_library_answer_at_once_each_as_it_did(
    built: OpenProject, old: Callable[[], LoadedVersion]
) -> None:
    # As another process would: an engine looks once at what surrounds it.
    built.engine._parts.environment._digests.clear()
    run(built)
    new = ReleasedVersions(built).load("size", 2)
    assert (old().apart, new.apart) == (True, False)
    assert old().predict(ROWS).label.tolist() == ROWS["z"].to_list()
    assert new.predict(ROWS).label.tolist() == (2 * ROWS["z"]).to_list()

    async def both() -> None:
        shares = (Share(version=1, weight=0.5), Share(version=2, weight=0.5, role="canary"))
        source = MemorySource(lambda model, number: (old(), new)[number - 1], {"size": shares})
        said: list[str] = []
        async with App(source, MemorySink(), key=b"r" * 32, flush=0.02, say=said.append) as app:
            assert "size/1 answers from its own environment" in "".join(said)
            x = {"name": "x", "shape": [2], "datatype": "FP64", "data": [1.5, -3.0]}
            body = {"inputs": [{"name": "id", "shape": [2], "datatype": "INT64", "data": [1, 2]}, x]}
            for version, slope in ((1, 1 * 10), (2, 2 * 20)):
                status, _, data = await ask(app, "POST", f"/v2/models/size/versions/{version}/infer", body)
                assert status == 200, data
                # Its feature function and its model are both of that release.
                assert json.loads(data)["outputs"][0]["data"] == [slope * 1.5, slope * -3.0]

    asyncio.run(both())


@pytest.mark.parametrize(
    ("number", "why"),
    [
        pytest.param(signal.SIGKILL, "ended by SIGKILL", id="dies"),
        pytest.param(signal.SIGSTOP, "gave no answer in 10 s", id="hangs", marks=pytest.mark.soak),
    ],
)
def test_a_process_that_dies_or_hangs_is_a_503_with_the_reason_and_another_one_answers(
    old: Callable[[], LoadedVersion], number: signal.Signals, why: str
) -> None:
    process = child()
    process.send_signal(number)
    with pytest.raises(BadRequest) as said:
        old().predict(ROWS)
    assert said.value.status == 503
    assert str(said.value).startswith(
        f"size/1: the process of its own environment {why}, and is being started"
    )
    end = time.monotonic() + 60
    while True:
        try:
            answer = old().predict(ROWS)
            break
        except BadRequest as error:
            assert "is being started again" in str(error) and time.monotonic() < end
            time.sleep(0.05)
    assert answer.label.tolist() == ROWS["z"].to_list()
    assert child().pid != process.pid


def test_what_is_wrong_with_rows_is_said_as_it_would_be_here(old: Callable[[], LoadedVersion]) -> None:
    with pytest.raises(BadData, match="z"):
        old().predict(pl.DataFrame({"w": [1.0]}))
    assert old().predict(ROWS).label.tolist() == ROWS["z"].to_list(), "and the process goes on"


def test_garbage_collection_frees_what_no_released_version_needs_and_nobody_used_for_a_day(
    built: OpenProject,
) -> None:
    needed = environment_folder(built, version_of(built, "size/1"))
    idle, young = needed.with_name("1" * 32), needed.with_name("2" * 32)
    for folder in (idle, young):
        folder.mkdir()
        shutil.copy(needed / "environment.json", folder)
    for folder in (needed, idle):
        os.utime(folder / "environment.json", (0, 0))
    needed.with_name(f"{'3' * 32}.draft").mkdir()
    assert sweep_environments(built, dry=True).freed == (str(idle),) and idle.exists()
    swept = sweep_environments(built)
    assert (swept.freed, swept.in_use, swept.young) == ((str(idle),), 1, 1)
    assert needed.exists() and young.exists() and not idle.exists()
    assert not list(needed.parent.glob("*.draft*"))
    shutil.rmtree(young)


def test_an_older_version_has_no_lock_and_says_so(folder: Path) -> None:
    with open_project(folder) as opened, pytest.raises(NotFound, match="leaving/1: found no lock"):
        build_environment(opened, "leaving/1")


# What follows loads the project's file anew, and stands last: `house` holds functions of the one before.


@pytest.fixture
def unbuilt(house: OpenProject) -> Iterator[OpenProject]:
    """The project while the environment of version 1 is not there."""
    folder = environment_folder(house, version_of(house, "size/1"))
    aside = folder.with_name(f"{folder.name}-aside")
    if folder.exists():
        folder.rename(aside)
    yield house
    if aside.exists():
        aside.rename(folder)


def test_what_differs_with_other_libraries_is_told_with_the_command_that_builds_its_own(
    unbuilt: OpenProject, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["reproduce", "size/1", "--project", str(unbuilt.root)]) == 3
    said = " ".join(capsys.readouterr().out.split())
    assert (
        "differ. The libraries here are others than those it was made with (wobble 2.0 here, 1.0 then" in said
    )
    assert said.endswith("Build its environment, and it runs there: comporta env size/1")


def test_where_the_libraries_here_cannot_load_it_its_steps_are_refused_with_that_command(
    unbuilt: OpenProject, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delattr(sys.modules["wobble"], "scale")
    assert main(["reproduce", "size/1", "--project", str(unbuilt.root)]) == 2
    said = capsys.readouterr().err
    assert "size/1: a step of it fails with the libraries here" in said, said
    assert said.strip().endswith("comporta env size/1") and "Traceback" not in said
    monkeypatch.setattr(Engine, "ask", no_model)
    assert main(["gate", "size/1", "--project", str(unbuilt.root)]) == 2
    said = capsys.readouterr().err
    assert "the libraries here: noise: its model cannot be opened" in said, said
    assert said.strip().endswith("comporta env size/1") and "Traceback" not in said


def no_model(*words: object, **named: object) -> None:
    """As a measurement that opens the model ends with other libraries."""
    raise StepFailed("noise: its model cannot be opened.")


@pytest.mark.soak
def test_it_is_reproduced_and_judged_in_its_environment(
    built: OpenProject, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    build_environment(built, "size/1")  # if the sweep took it
    assert main(["reproduce", "size/1", "--project", str(built.root)]) == 0
    assert "gave the same bytes" in capsys.readouterr().out
    monkeypatch.setattr(Engine, "ask", no_model)
    assert main(["gate", "size/1", "--project", str(built.root)]) == 0
    assert "size/1" in capsys.readouterr().out
