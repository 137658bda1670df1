"""Comporta's own executor, and one from a package outside, through the suite that is shipped for
executors."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import pytest

from comporta.engine.local import Local
from comporta.opened.project import open_project
from comporta.records import MakesExecutor
from comporta.store import new_secret
from comporta.testing import ExecutorContract

sys.path.insert(0, str(Path(__file__).parents[1] / "packages" / "one_process_a_step"))

from one_process_a_step import OneProcessAStep

PROJECT = f"""
import sys
sys.path.append({sys.path[0]!r})

import numpy as np
import polars as pl
from comporta import Dataset, Features, Model, Project
from one_process_a_step import OneProcessAStep
from sklearn.linear_model import LogisticRegression


def rows():
    x = np.random.default_rng(0).normal(size=200)
    return pl.DataFrame({{"id": range(200), "x": x, "y": x > 0}})


table = Dataset("table", source=rows, key="id")


def fit(X, y):
    return LogisticRegression().fit(X, y)


model = Model("sign", features=Features("signs", of=table, known=("x",)), target="y", fit=fit, gates=())
project = Project("outside", models=(model,), executor=OneProcessAStep)
"""


class TestLocal(ExecutorContract):
    @pytest.fixture
    def makes(self) -> MakesExecutor:
        return partial(Local, workers=2, threads=1)


class TestOneFromOutside(ExecutorContract):
    @pytest.fixture
    def makes(self) -> MakesExecutor:
        return OneProcessAStep


def test_a_project_declares_an_executor_made_elsewhere(tmp_path: Path) -> None:
    from comporta.acts.build.run import run

    (tmp_path / "project.py").write_text(PROJECT)
    (tmp_path / "comporta.toml").write_text('executor = "moon://"\n')
    key = tmp_path / "comporta.key"
    key.write_text(new_secret().hex() + "\n")
    key.chmod(0o600)
    with open_project(tmp_path / "project.py", works=True) as house:
        done = run(house, level="commit")
        assert type(house.engine._executor).__name__ == "OneProcessAStep"
    assert [version.id for version in done.versions] == ["sign/1"]
