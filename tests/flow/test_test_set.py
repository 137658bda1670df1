"""How often a test set was evaluated is counted by its split, whatever is erased from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from comporta.acts.build.run import run
from comporta.acts.judge.test_set import Evaluations, evaluations
from comporta.acts.judge.test_set import test_set as set_of
from comporta.acts.release.release import version_of
from comporta.acts.trace.trace import trace
from comporta.acts.trace.tree import tree_lines
from comporta.cli.init import make
from comporta.opened.lineage import EVALUATIONS, QUESTIONS
from comporta.opened.project import OpenProject, open_project

PROJECT = """
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from comporta import Dataset, Features, Model, Project, at_random, by_time
from comporta.checks import at_most

LAST = Path(__file__).with_name("days")


def read_visits():
    days = int(LAST.read_text())
    person = np.tile(np.arange(40), days)
    return pl.DataFrame({
        "person": person,
        "day": [datetime(2026, 1, 1 + day, tzinfo=UTC) for day in range(days) for _ in range(40)],
        "age": 20.0 + person,
        "pays": 3.0 * person + np.repeat(np.arange(days), 40),
    })


def fit_line(X, y, *, intercept=True):
    from sklearn.linear_model import LinearRegression

    return LinearRegression(fit_intercept=intercept).fit(X, y)


visits = Dataset("visits", read_visits, key=("person", "day"), subject="person", time="day", change="append")
told = dict(
    features=Features("f", of=visits, known=("person", "day", "age"), use=("age",)),
    target="pays", fit=fit_line, gates=(at_most("rmse", 1000.0),),
)
project = Project("visits", models=(
    Model("drawn", split=at_random(0.3), **told), Model("newest", split=by_time(test="4d"), **told),
))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("looks")
    make(folder, "visits")
    (folder / "project.py").write_text(PROJECT)
    (folder / "days").write_text("10")
    with open_project(folder, works=True) as opened:
        run(opened)
    return folder


def counted(opened: OpenProject, model: str) -> Evaluations:
    return evaluations(opened.ledger, opened.keys, version_of(opened, model))


def test_the_count_goes_on_when_a_subject_is_erased_and_when_rows_are_added(folder, forget):
    with open_project(folder, works=True) as opened:
        assert counted(opened, "drawn") == counted(opened, "newest") == Evaluations(here=1, split=1)
        before = {name: version_of(opened, name).parts["test"].digest for name in ("drawn", "newest")}
        forget(opened, "visits", "person", 7)
        run(opened)
        for name in before:
            now = version_of(opened, name)
            assert now.number == 2
            assert now.parts["test"].digest != before[name]
            assert counted(opened, name) == Evaluations(here=2, split=2)
            # The version of before has the same test set, less what was erased from it.
            assert evaluations(opened.ledger, opened.keys, version_of(opened, f"{name}/1")).here == 2

    # New rows under a split at random fall beside the old ones; under one by time they are another window.
    (folder / "days").write_text("11")
    with open_project(folder, works=True) as opened:
        run(opened)
        assert counted(opened, "drawn") == Evaluations(here=3, split=3)
        assert counted(opened, "newest") == Evaluations(here=1, split=3)
        told = "\n".join(tree_lines(trace(opened, "newest/3")))
        assert "test set evaluated once, 3 in all under this split" in told

    # Another share is another split.
    text = (folder / "project.py").read_text()
    (folder / "project.py").write_text(text.replace("at_random(0.3)", "at_random(0.4)"))
    with open_project(folder, works=True) as opened:
        run(opened, ("drawn",))
        assert counted(opened, "drawn") == Evaluations(here=1, split=1)


def test_no_row_is_named_by_what_identifies_a_split(folder):
    with open_project(folder) as opened:
        facts = [fact for _, fact in opened.ledger.scan(EVALUATIONS)]
    assert {fact.window for fact in facts if fact.model == "drawn"} == {0}
    assert {fact.window for fact in facts if fact.model == "newest"} == {1, 2}
    assert all(len(fact.split) == 64 for fact in facts)


def test_a_field_that_a_split_gets_later_changes_the_identity_of_no_test_set(folder):
    """What was declared without the field and what is declared with its usual value are one split."""
    with open_project(folder) as opened:
        version = version_of(opened, "newest")

        class Before:
            """The ledger, as a Comporta wrote it whose splits by time had no gap."""

            def get(self, reading, key):
                found = opened.ledger.get(reading, key)
                split = found.recipe.params.get("split") if reading is QUESTIONS else None
                if split is None:
                    return found
                assert split.pop("gap") == "P0D"
                return found

        assert set_of(Before(), opened.keys, version) == set_of(opened.ledger, opened.keys, version)
