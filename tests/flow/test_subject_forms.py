"""A subject is found in all that it touched, however it was written there and however one asks."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from comporta.acts.build.project_check import find_faults
from comporta.acts.build.run import run
from comporta.acts.release.release import release, version_of
from comporta.acts.serve.serving_log import PREDICTIONS, seal_all
from comporta.acts.trace.trace import trace
from comporta.acts.trace.tree import tree_lines
from comporta.cli.init import make
from comporta.data import log_rows
from comporta.opened.project import open_project
from comporta.records import Observation

PROJECT = """
import numpy as np
import polars as pl

from comporta import Dataset, Features, Model, Project, at_random
from comporta.checks import at_most
from comporta.records import Subject

SPELLED = ("Ana@x.org", " ana@X.org", "ANA@x.org ")


def read_visits():
    n = np.arange(200)
    who = [SPELLED[each] if each < 3 else f"u{each % 40}@x.org" for each in n]
    return pl.DataFrame({"visit": n, "mail": who, "age": 1.0 * n, "pays": 3.0 * n})


def fit_line(X, y):
    from sklearn.linear_model import LinearRegression

    return LinearRegression().fit(X, y)


visits = Dataset("visits", read_visits, key="visit", subject=Subject("mail", form="folded"))
pays = Model(
    "pays", features=Features("f", of=visits, known=("visit", "age"), use=("age",)), target="pays",
    fit=fit_line, split=at_random(0.3), gates=(at_most("rmse", 1000.0),),
)
project = Project("visits", models=(pays,))
"""


def project(folder: Path, text: str) -> Path:
    make(folder, "visits")
    (folder / "project.py").write_text(text)
    return folder


def test_rows_versions_and_predictions_are_found_by_any_spelling(tmp_path: Path) -> None:
    with open_project(project(tmp_path, PROJECT), works=True) as opened:
        run(opened)
        assert version_of(opened, "pays/1").state == "passed"
        release(opened, "pays/1", by="rui")
        said = ["ana@x.org", "Ana@X.org", "u3@x.org"]  # the second by a server of before there were forms
        at = datetime(2026, 1, 1, tzinfo=UTC)
        made = [
            Observation(
                id=f"p{n}",
                model="pays",
                version=1,
                at=at,
                subject=each,
                inputs={"visit": n, "age": 30.0},
                output={"prediction": 1.0},
            )
            for n, each in enumerate(said)
        ]
        log_rows(opened.store, PREDICTIONS, "process", 0, made[:2])
        seal_all(opened)
        log_rows(opened.store, PREDICTIONS, "process", 1, made[2:])
        for asked in ("ana@x.org", "Ana@x.org", " ANA@X.ORG"):
            told = "\n".join(tree_lines(trace(opened, f"subject:{asked}")))
            assert "3 rows of visits@1" in told
            # Which of its rows train and which test is drawn by the key.
            assert "pays/1, released, " in told
            assert "2 predictions of pays about it" in told


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ('(1.0 * n) for n in range(3)', "Float64"),
        ('(n > 1) for n in range(3)', "Boolean"),
    ],
)  # fmt: skip
def test_a_subject_without_one_text_is_a_fault_with_its_line(tmp_path: Path, column: str, said: str) -> None:
    text = f"""
import polars as pl
from comporta import Dataset, Project


def read():
    return pl.DataFrame({{"id": [1, 2, 3], "who": [{column}]}})


visits = Dataset(
    "visits", read, key="id",
    subject="who",
)
project = Project("visits", datasets=(visits,))
"""
    with open_project(project(tmp_path, text)) as opened:
        (fault,) = find_faults(opened)
    assert f"visits.who: found a subject of type {said}, expected whole numbers" in fault.message
    assert fault.line == 12
