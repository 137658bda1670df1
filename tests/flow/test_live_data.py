"""A data file of the project that a version's code reads: the gate says so, and no server answers by it."""

from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path

import pytest

from comporta.acts.build.run import run
from comporta.acts.release.release import release, version_of
from comporta.acts.serve.serving import ReleasedVersions
from comporta.cli.init import make
from comporta.errors import Refused
from comporta.opened.project import open_project
from comporta.opened.sentences import sentence
from comporta.serve.app import App
from comporta.testing.serving import MemorySink, ask

PROJECT = """
import json
from pathlib import Path
import numpy as np
import polars as pl
from sklearn.linear_model import LogisticRegression
from comporta import Dataset, Features, Model, Project, at_random
from comporta.checks import parity
IMPORTED
PLACE = FOLDER

def read_people():
    chance = np.random.default_rng(3)
    x = np.round(chance.normal(size=300), 2)
    return pl.DataFrame({"id": np.arange(300), "x": x, "y": (x + chance.normal(size=300) > 0)})

people = Dataset("people", source=read_people, key="id")

def scaled(rows):
    return rows.select(z=pl.col("x") * json.loads(Path("table.json").read_text())["factor"])

def positive(rows):
    factor = json.load(open("table.json"))["factor"] if (rows["x"] > 0).any() else 2.0
    return rows.select(z=pl.col("x") * factor + 1)

def plain(rows):
    return rows.select(z=pl.col("x") * FACTOR)

def moved(rows):
    return rows.select(z=pl.col("x") * FACTOR + 1)

def optional(rows):
    try:
        factor = json.loads(Path(PLACE, "table.json").read_text())["factor"]
    except OSError:
        factor = 1.0
    return rows.select(z=pl.col("x") * factor + 2)

def fit(X, y):
    return LogisticRegression().fit(X, y)

def model(name, compute, *gates):
    features = Features(name, of=people, known=("id", "x"), compute=(compute,), use=("z",))
    return Model(
        name, features=features, target="y", split=at_random(test=0.3), fit=fit, gates=gates,
        metrics=("log_loss",), output="probability",
    )

project = Project("live", models=(MODELS))
"""
CONSTANTS = """
import json
from pathlib import Path

FACTOR = json.loads(Path(__file__).with_name("table.json").read_text())["factor"]
"""
TABLE = '{"factor": 2.0}'


def made(folder: Path, imported: str, models: str) -> Path:
    make(folder, "live")
    (folder / "table.json").write_text(TABLE)
    (folder / "constants.py").write_text(CONSTANTS)
    text = (
        PROJECT.replace("IMPORTED", imported).replace("MODELS", models).replace("FOLDER", repr(str(folder)))
    )
    (folder / "project.py").write_text(text)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    models = "model('always', scaled, parity()), model('sometimes', positive), model('optional', optional)"
    folder = made(tmp_path_factory.mktemp("read") / "project", "FACTOR = 2.0", models)
    with open_project(folder, works=True) as opened:
        run(opened)
    return folder


READ = (
    "To answer, its code reads table.json: found what may change after the release, expected only what is "
    "kept with the version, which is refused such files. Keep their values in a dataset, or in a Python "
    "module that is imported."
)


def test_the_gate_refuses_a_version_whose_feature_function_reads_a_file_and_says_which(folder: Path) -> None:
    with open_project(folder) as opened:
        (verdict,) = version_of(opened, "always/1").verdicts
        assert (verdict.outcome, sentence(verdict.reason)) == ("fail", READ)
        with pytest.raises(Refused, match=r"reads table\.json"):
            release(opened, "always/1", by="ana")


def test_a_server_answers_no_row_by_a_file_and_its_log_names_it(folder: Path) -> None:
    said: list[str] = []

    async def answers() -> list[int]:
        with open_project(folder) as opened:
            release(opened, "sometimes/1", by="ana")
            versions, key = ReleasedVersions(opened), opened.keys.unit
            async with App(versions, MemorySink(), key=key, flush=0.02, say=said.append) as app:
                found = []
                for x in (-1.0, 1.0):
                    body = {"dataframe_records": [{"id": 1, "x": x}]}
                    found.append((await ask(app, "POST", "/models/sometimes/invocations", body))[0])
                return found

    with contextlib.chdir(folder):  # as `comporta serve` is started in it
        assert asyncio.run(answers()) == [200, 500]
    assert any("reads table.json: found a file that may change after the release" in line for line in said)


def test_code_that_goes_on_without_the_file_is_not_released_either(folder: Path) -> None:
    with (
        open_project(folder) as opened,
        pytest.raises(Refused, match=r"reads table\.json, and goes on without"),
    ):
        release(opened, "optional/1", by="ana")


def test_what_is_read_when_the_code_is_imported_is_found_by_the_gate_and_without_it_by_the_release(
    tmp_path: Path,
) -> None:
    models = "model('told', plain, parity()), model('free', moved)"
    folder = made(tmp_path / "project", "from constants import FACTOR", models)
    with open_project(folder, works=True) as opened:
        run(opened)
        (verdict,) = version_of(opened, "told/1").verdicts
        assert (verdict.outcome, sentence(verdict.reason)) == ("fail", READ)
        before = opened.ledger.head()
        with pytest.raises(Refused, match=r"^free/1: a server could not load it, .*constants\.py:5"):
            release(opened, "free/1", by="ana")
        assert opened.ledger.head() == before, "nothing was written"
    assert json.loads((folder / "table.json").read_text()) == json.loads(TABLE)
