"""The positive class and its threshold are those that the project declares, whatever answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
import sklearn.metrics as theirs
from lightgbm import LGBMClassifier
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier

from comporta.acts.build.plan import build_nodes
from comporta.acts.build.project_check import find_faults
from comporta.checks.champion.measure import versus
from comporta.checks.shape import measure as shape
from comporta.checks.shape.figures import WRONG_STEP
from comporta.cli.init import make
from comporta.errors import BadProject
from comporta.opened.project import open_project
from comporta.project import Costs
from comporta.project.faults import project_faults
from comporta.records import Scores, Signature
from comporta.serve.schema import RequestSchema
from comporta.serve.v2_response import v2_model_metadata
from comporta.serve.version_source import LoadedVersion
from comporta.store import MemoryStore, StepContext, derive
from comporta.store.frames import read, write
from comporta.train import load_predictor, steps
from comporta.train.asking import open_estimator
from comporta.train.open_model import open_model

ROWS = 400
DRAW = np.random.default_rng(3)
SIGNAL = DRAW.normal(size=ROWS)
COME = SIGNAL + DRAW.normal(size=ROWS) > 0.6
TABLE = pl.DataFrame(
    {"signal": SIGNAL, "other": DRAW.normal(size=ROWS), "__key": [f'["{n}"]' for n in range(ROWS)]}
)
TARGETS = {
    "words": (np.where(COME, "approve", "refuse"), "approve", "refuse"),
    "booleans": (~COME, "false", "true"),
    "numbers": (np.where(COME, 0, 1), "0", "1"),
}


def logistic(X, y):
    return LogisticRegression().fit(X, y)


def forest(X, y, *, seed=0):
    return RandomForestClassifier(10, max_depth=4, random_state=seed).fit(X, y)


def histogram(X, y, *, seed=0):
    return HistGradientBoostingClassifier(max_iter=10, random_state=seed).fit(X, y)


def boosted(X, y):
    how = {"monotone_constraints": [-1, 0], "monotone_constraints_method": "advanced"}
    return LGBMClassifier(n_estimators=10, num_leaves=4, verbose=-1, n_jobs=1, **how).fit(X, y)


def fitted(fit, target, **declared):
    at = StepContext(store=MemoryStore(), keys=derive(b"k" * 32), seed=7)
    table = write(at, TABLE.with_columns(__target=pl.Series(target)))
    made = steps.fit(at, train=table, fit=fit, params={}, **declared)
    made |= steps.export(at, model=made["model"], signature=made["signature"], train=table)
    made |= steps.predict(at, model=made["model"], signature=made["signature"], table=table)
    return at, made


@pytest.mark.parametrize("fit", [logistic, forest, histogram, boosted])
@pytest.mark.parametrize("kind", TARGETS)
def test_probability_label_and_figures_are_of_the_declared_class_and_threshold(fit, kind):
    """scikit-learn's own `FixedThresholdClassifier` and its metrics with `pos_label` are asked."""
    target, positive, negative = TARGETS[kind]
    at, made = fitted(fit, target, positive=positive, threshold=0.3)
    estimator, _ = open_model(at, made["model"])
    value = estimator.classes_[0]
    held = FixedThresholdClassifier(
        FrozenEstimator(estimator), threshold=0.3, pos_label=value, response_method="predict_proba"
    ).fit(TABLE, target)
    X = TABLE.select("signal", "other")
    labels, chance = held.predict(X), estimator.predict_proba(X)[:, 0]
    assert set(labels.tolist()) == set(np.asarray(target).tolist())
    assert (labels != estimator.predict(X)).any()
    for compiled in (True, False):
        served = load_predictor(at, made, compiled=compiled)
        assert served.signature.classes == (negative, positive)
        assert (served.form == "native") is not compiled
        said = served.predict(X)
        assert np.allclose(said["probability"][:, 1], chance, atol=1e-5)
        clear = np.abs(chance - 0.3) > 1e-5
        assert (said["label"] == labels)[clear].all()
        served.self_test()
    found = steps.score(at, predictions=made["predictions"], metrics=["precision", "recall", "f1", "roc_auc"])
    figures = {each.metric: each.value for each in at.get_json(found["scores"], Scores).figures}
    for name, measure in (
        ("precision", theirs.precision_score),
        ("recall", theirs.recall_score),
        ("f1", theirs.f1_score),
    ):
        assert figures[name] == pytest.approx(measure(target, labels, pos_label=value))
    assert figures["roc_auc"] == pytest.approx(theirs.roc_auc_score(np.asarray(target) == value, chance))


@pytest.mark.parametrize("fit", [logistic, forest, boosted])
def test_what_is_read_of_a_model_is_of_the_declared_class(fit):
    target, positive, _ = TARGETS["words"]
    at, made = fitted(fit, target, positive=positive, threshold=0.3)
    asked = open_estimator(at, made["model"], made["signature"])
    rows = TABLE.select("signal", "other")
    assert np.allclose(asked(rows).scores[:, 0], 1 - asked(rows).scores[:, 1])
    assert (asked(rows).decisions == (asked(rows).scores[:, 1] >= 0.3)).all()
    for output in (0, 1):
        assert shape.shape_of(asked, rows, output).structure is not None, "it answers as what was read of it"
    rising = {each.metric: each for each in shape.monotone(asked, rows, "signal", True).figures}
    if fit is not forest:
        assert rising[WRONG_STEP.metric].high <= 1e-9, "approvals are proved to rise with the signal"
    read = asked.attribution(rows.head(50), rows)
    if read is not None:
        assert np.allclose(read.values.sum(axis=1) + read.base, read.answer)
        assert np.corrcoef(read.answer[:, -1], asked(rows.head(50)).scores[:, 1])[0, 1] > 0.9


def test_metadata_says_of_which_class_the_probability_is():
    target, positive, _ = TARGETS["words"]
    at, made = fitted(logistic, target, positive=positive)
    signature = at.get_json(made["signature"], Signature)

    version = LoadedVersion(model="m", number=1, signature=signature, predict=lambda rows: rows)
    outputs = v2_model_metadata("m", [1], version, RequestSchema(signature))["outputs"]
    assert [each["parameters"] for each in outputs if each["name"] == "probability"] == [{"of": [positive]}]


def test_a_champion_with_another_positive_class_is_compared_by_the_candidate_s():
    target, positive, negative = TARGETS["words"]
    at, mine = fitted(logistic, target, positive=positive)
    other, theirs_ = fitted(logistic, target, positive=negative)
    first, second = read(at, mine["predictions"]), read(other, theirs_["predictions"])
    (judged, *_) = versus(first, second, "roc_auc").figures
    assert judged.value == pytest.approx(0, abs=1e-12)


def test_what_is_not_declared_stays_out_of_recipes_and_signatures():
    target, *_ = TARGETS["words"]
    at, made = fitted(logistic, target)
    assert b"threshold" not in at.get(made["signature"])
    assert at.get_json(made["signature"], Signature).classes == ("approve", "refuse")


def test_costs_choose_the_threshold_that_costs_least():
    """Over all thresholds, on outcomes drawn by their own chances."""
    costs = Costs(false_positive=3, false_negative=7, true_positive=-2)
    chance = DRAW.random(200_000)
    came = DRAW.random(200_000) < chance
    grid = np.linspace(0.02, 0.98, 49)
    spent = [np.where(chance >= cut, np.where(came, -2, 3), np.where(came, 7, 0)).mean() for cut in grid]
    assert grid[int(np.argmin(spent))] == pytest.approx(costs.threshold, abs=0.03)


@pytest.mark.parametrize(
    ("declared", "found"),
    [
        ({"positive": "maybe"}, "positive: found the class 'maybe', expected approve or refuse"),
        ({"threshold": 0.2}, None),
    ],
)
def test_a_class_that_is_not_there_is_refused_by_the_fit(declared, found):
    target, *_ = TARGETS["words"]
    if found is None:
        assert fitted(logistic, target, **declared)
        return
    with pytest.raises(BadProject, match=found):
        fitted(logistic, target, **declared)


PROJECT = """
import polars as pl
from sklearn.linear_model import LogisticRegression
from comporta import Dataset, Features, Model, Project
from comporta.project import Costs


def read():
    return pl.DataFrame({{"id": [*range(40)], "x": [*range(40)], "y": [{values}] * 10}})


def fit(X, y):
    return LogisticRegression().fit(X, y)


seen = Dataset("seen", read, key="id")
model = Model("m", features=Features("f", of=seen, known=("x",)), target="y", fit=fit,
    {declared},
)
project = Project("p", models=(model,))
"""


@pytest.mark.parametrize(
    ("values", "declared", "said"),
    [
        ('"a", "b", "b", "a"', 'positive="c"', "positive: found the class 'c', expected one of: a, b."),
        ("1, 0, 0, 1", "positive=0", None),
        ("1, 0, 0, 1", 'positive=""', "positive: found '', expected "),
        ('"a", "b", "c", "a"', 'positive="a"', "positive: found 3 classes, expected two."),
        ('"a", "b", "c", "a"', "threshold=0.3", "threshold: found 3 classes, expected two."),
        ("1.5, 2.5, 3.5, 4.5", "positive=1.5", "expected none: the target is a number to predict."),
        ("1, 0, 0, 1", "threshold=1.5", "threshold: found 1.5, expected a chance above 0 and below 1"),
        ("1, 0, 0, 1", 'threshold=0.5, output="label"', "threshold: found a threshold for output='label'"),
        ("1, 0, 0, 1", "threshold=Costs(false_positive=0, false_negative=1)", "that being wrong costs more"),
        ("1, 0, 0, 1", 'task="multiclass", positive=1', "positive: found positive for multiclass"),
        ("1, 0, 0, 1", "threshold=Costs(false_positive=1, false_negative=9)", None),
    ],
)
def test_what_cannot_be_positive_or_a_threshold_is_a_fault_with_its_line(
    tmp_path: Path, values, declared, said
):
    make(tmp_path, "p")
    (tmp_path / "project.py").write_text(PROJECT.format(values=values, declared=declared))
    with open_project(tmp_path) as opened:
        found = find_faults(opened)
        if said is not None:
            assert len(found) >= 1
            assert said in found[0].message
            assert found[0].line == 18
            return
        assert found == () == project_faults(opened.project, tmp_path)
        (model,) = opened.project.models
        params = next(each for each in build_nodes(model, tmp_path) if each.run == "train.fit").params
        wanted = {"positive": "0"} if declared.startswith("positive") else {"threshold": 0.1}
        assert {name: params[name] for name in params.keys() - {"params", "task", "output"}} == wanted
