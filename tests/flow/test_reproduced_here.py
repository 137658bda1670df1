"""A version reproduced in this process leaves it as it was: the live project is what `import` finds."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from comporta.acts.build.run import run
from comporta.acts.reproduce.reproduce import reproduce
from comporta.cli.init import make
from comporta.opened.project import open_project

PROJECT = """
import polars as pl
from comporta import Dataset, Features, Model, Project, at_random
from sklearn.linear_model import LogisticRegression
from factor import FACTOR

def read_people():
    ids = range(200)
    return pl.DataFrame({"id": ids, "x": [n % 7 * FACTOR for n in ids], "y": [n % 2 for n in ids]})

def fit(train, target):
    return LogisticRegression().fit(train, target)

people = Dataset("people", source=read_people, key="id")
answers = Model(
    "answers", features=Features("f", of=people, known=("id", "x"), use=("x",)),
    target="y", split=at_random(test=0.3), fit=fit, gates=(), metrics=("log_loss",),
)
project = Project("here", models=(answers,))
"""


def test_after_a_version_was_reproduced_here_live_files_are_imported(tmp_path: Path) -> None:
    make(tmp_path, "loans")
    (tmp_path / "project.py").write_text(PROJECT)
    (tmp_path / "factor.py").write_text("FACTOR = 1.0\n")
    (tmp_path / "notebook_helper.py").write_text("ANSWER = 42\n")
    with open_project(tmp_path / "project.py") as opened:
        run(opened)
        assert reproduce(opened, "answers/1").equal
        assert importlib.import_module("notebook_helper").ANSWER == 42
        assert not any(f"{opened.below}/code" in path for path in sys.path)
        factor = importlib.import_module("factor")
        assert factor.__file__ == str(tmp_path.resolve() / "factor.py")
