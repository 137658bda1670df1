"""What is 0 or False was given: it is another class than the one that stands for nothing given."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression

from comporta.acts.build.project_check import find_faults
from comporta.checks import (
    at_least,
    calibration_parity,
    contamination,
    demographic_parity,
    disparate_impact,
    equal_opportunity,
    equalised_odds,
    evasion,
    fit_gap,
    judge,
    monotone,
    never,
    no_time_travel,
    no_worse,
    noise,
    within,
)
from comporta.checks.shape import measure as shape
from comporta.cli.init import make
from comporta.errors import BadProject
from comporta.opened.project import open_project
from comporta.records import Evidence, Signature
from comporta.train.asking import OpenEstimator
from comporta.train.frames import learn_fields

WITH_A_CLASS = {
    "demographic_parity": lambda of: demographic_parity(by="sex", favourable=of),
    "disparate_impact": lambda of: disparate_impact(by="sex", favourable=of),
    "equalised_odds": lambda of: equalised_odds(by="sex", favourable=of),
    "equal_opportunity": lambda of: equal_opportunity(by="sex", favourable=of),
    "calibration_parity": lambda of: calibration_parity(by="sex", favourable=of),
    "monotone": lambda of: monotone("x", of=of),
    "within": lambda of: within(0, 1, of=of),
    "evasion": lambda of: evasion("x", unwanted=of),
    "never": lambda of: never(of, when=len, owner="us"),
}


@pytest.mark.parametrize("made", WITH_A_CLASS.values(), ids=WITH_A_CLASS)
@pytest.mark.parametrize(
    ("given", "named"), [(0, "0"), (False, "false"), (0.0, "0"), (np.int64(0), "0"), (np.False_, "false")]
)
def test_a_class_that_counts_as_false_is_the_class_and_not_none(made, given, named):
    assert made(given).needs() == made(named).needs()
    assert made(given).name == made(named).name


@pytest.mark.parametrize("made", WITH_A_CLASS.values(), ids=WITH_A_CLASS)
@pytest.mark.parametrize("given", ["", (), float("nan"), {}])
def test_what_is_no_class_is_refused(made, given):
    with pytest.raises(BadProject, match="expected"):
        made(given)


@pytest.mark.parametrize(
    "made",
    [
        lambda: at_least("roc_auc", 0.7, by=0),
        lambda: at_least("roc_auc", 0.7, by=""),
        lambda: no_worse("roc_auc", margin=0.1, by=False),
        lambda: no_worse("", margin=0.1),
        lambda: fit_gap(metric=0),
        lambda: noise(metric=False),
        lambda: contamination(entities=0),
        lambda: no_time_travel(timeless=False),
        lambda: monotone("x", increasing="no"),
    ],
)
def test_a_name_that_counts_as_false_is_no_name_and_not_unset(made):
    with pytest.raises(BadProject, match="found"):
        made()


def test_the_class_0_that_falls_is_not_proved_to_rise():
    """The chance of 1 rises with x, so that of 0 falls: what holds of the one does not of the other."""
    rows = pl.DataFrame({"x": np.linspace(-3, 3, 400)})
    truth = (rows["x"].to_numpy() > 0).astype(int)
    fields = learn_fields(rows)
    signature = Signature(
        raw=fields, features=fields, task="binary", output="both", classes=("0", "1"), label="Int64"
    )
    model = OpenEstimator(signature, LogisticRegression().fit(rows.to_numpy(), truth), "numpy")
    for of, outcome in ((None, "pass"), (1, "pass"), (0, "fail"), ("0", "fail")):
        check = monotone("x", of=of)
        (need,) = check.needs()
        answer = dict(need.params)["answer"].strip('"')
        found = shape.monotone(model, rows, "x", True, of=answer)
        assert judge([check], {need: Evidence(need=need, figures=found.figures)})[0].outcome == outcome


PROJECT = """
import polars as pl
from sklearn.linear_model import LogisticRegression
from comporta import Dataset, Features, Model, Project
from comporta.checks import demographic_parity, evasion, monotone, never, within


def read():
    return pl.DataFrame({{"id": [*range(40)], "x": [*range(40)], "y": [{values}] * 10}})


def fit(X, y):
    return LogisticRegression().fit(X, y)


seen = Dataset("seen", read, key="id")
model = Model(
    "m", features=Features("f", of=seen, known=("x",)), target="y", fit=fit,
    gates=({gates},),
)
project = Project("p", models=(model,))
"""


def faults(root: Path, values: str, gates: str) -> list[tuple[str, int]]:
    make(root, "p")
    (root / "project.py").write_text(PROJECT.format(values=values, gates=gates))
    with open_project(root) as opened:
        return [(each.message, each.line) for each in find_faults(opened)]


@pytest.mark.parametrize(
    ("gate", "what"),
    [
        ('demographic_parity(by="x", favourable=1)', "bias"),
        ('monotone("x", of=1)', "shape"),
        ("within(0, 1, of=1)", "shape"),
        ('evasion("x", unwanted=1)', "evasion"),
        ('never(1, when=len, owner="us")', "conduct"),
    ],
)
def test_a_class_that_the_target_does_not_have_is_a_fault_with_its_line(tmp_path, gate, what):
    said = f"Model 'm': gates: {what}: found the class '1', expected one of: no, yes."
    assert faults(tmp_path, '"yes", "no", "no", "no"', gate) == [(said, 19)]


def test_classes_that_the_target_has_are_no_fault_however_they_are_written(tmp_path):
    gates = 'monotone("x", of=0), monotone("x", of="1"), evasion("x", unwanted=0.0)'
    assert faults(tmp_path, "1, 0, 0, 1", gates) == []


def test_a_target_that_is_a_number_to_predict_has_no_classes(tmp_path):
    ((said, _),) = faults(tmp_path, "1.5, 2.5, 3.5, 0.5", 'monotone("x", of=1)')
    assert said.endswith("expected none: the target is a number to predict.")
