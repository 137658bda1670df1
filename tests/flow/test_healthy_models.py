"""A model that cannot be built, or a measuring that fails, keeps nothing else of the run from being said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from comporta import load
from comporta.cli import main
from comporta.cli.init import make
from comporta.errors import StepFailed
from comporta.opened.project import open_project
from comporta.registry import VERSIONS

PROJECT = """
from dataclasses import dataclass

import polars as pl
from sklearn.linear_model import LogisticRegression

from comporta import Dataset, Features, Model, Project, at_least, at_random
from comporta.records import MeasurementSpec, need


def read():
    number = pl.int_range(600, eager=True)
    rows = pl.DataFrame({"id": number, "x": number * 7919 % 101, "noise": number * 104729 % 13})
    return rows.with_columns(y=pl.col("x") + 3 * pl.col("noise") > 70)


def fit(X, y):
    return LogisticRegression(max_iter=500).fit(X, y)


def broken(X, y):
    raise ValueError("no")


def measure(context, *, test):
    raise ValueError("cannot be measured")


@dataclass(frozen=True)
class Measured:
    name: str = "measured"
    required: bool = False

    def needs(self):
        return (need("own figure", measure=measure, spec=MeasurementSpec(reads={"test": "test"})),)

    def judge(self, evidence):
        raise NotImplementedError


rows = Dataset("rows", read, key="id")
table = Features("table", of=rows, known=("x", "noise"))


def model(name, fit, *gates):
    limit = at_least("roc_auc", 0.6)
    return Model(name, features=table, target="y", fit=fit, split=at_random(0.3), gates=(limit, *gates))


first = model("first", fit, Measured())
project = Project("three", models=(first, model("second", broken), model("third", fit)))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("three")
    make(root, "three")
    (root / "project.py").write_text(PROJECT)
    return root


def test_healthy_models_are_judged_and_recorded_and_the_exit_code_is_that_of_the_failure(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pages = folder / "run.md", folder / "run.xml"
    assert main(["run", "--project", str(folder), *(f"--out={each}" for each in pages)]) == 2
    assert all("fit second: ValueError" in each.read_text() for each in pages)
    said = capsys.readouterr()
    assert "Gates of first/1" in said.out and "Gates of third/1" in said.out
    assert "Gates of second" not in said.out
    assert "fit second: ValueError: no" in said.err
    with open_project(folder) as opened:
        assert [each.id for _, each in opened.ledger.scan(VERSIONS)] == ["first/1", "third/1"]
    with pytest.raises(StepFailed, match="fit second"):
        load(folder / "project.py").run()
    assert main(["run", "second", "--project", str(folder)]) == 2
    assert "Gates of" not in capsys.readouterr().out


def test_what_could_not_measure_is_a_failure_of_the_summary_and_not_done(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "first", "third", "--project", str(folder)]) == 0
    run, *_ = capsys.readouterr().out.splitlines()
    assert ", 1 failed (own figure of first), " in run
    assert main(["runs", "--project", str(folder)]) == 0
    newest = capsys.readouterr().out.splitlines()[1]
    assert ", 1 failed" in newest
    assert main(["show", run.split()[1], "--project", str(folder)]) == 0
    shown = capsys.readouterr().out
    assert any(line.split()[:5] == ["own", "figure", "of", "first", "failed"] for line in shown.splitlines())
    assert main(["run", "first", "--project", str(folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["unanswered"] == ["own figure of first"]
