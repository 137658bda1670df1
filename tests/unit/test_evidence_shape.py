"""Promises for all inputs: proved where the model can be read, searched elsewhere, and said which."""

import json
import re

import numpy as np
import polars as pl
import pytest
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeRegressor

from comporta.acts.judge.evidence import evidence_of
from comporta.checks import judge
from comporta.checks.shape import measure as shape
from comporta.checks.shape.check import monotone, within
from comporta.checks.shape.codes import BY_SEARCH, CLASS_NOT_SAID, PROVED_BY_LEAVES
from comporta.checks.shape.trees import agrees, answers_of, leaves_of, range_of, wrong_way
from comporta.errors import BadProject
from comporta.opened.sentences import sentence
from comporta.records import Figure, Findings, encode
from comporta.store import MemoryStore, StepContext, derive
from comporta.store.frames import write
from comporta.testing.checks import CheckContract
from comporta.train.asking import refit_estimator

FEW = {"n_estimators": 25, "num_leaves": 10, "verbose": -1, "n_jobs": 1}


def table(rows=500, seed=0, task="numbers", gaps=0.0):
    draw = np.random.default_rng(seed)
    X = draw.normal(size=(rows, 3))
    y = X[:, 0] + 0.5 * np.sin(3 * X[:, 1]) + 0.5 * draw.normal(size=rows)
    X[draw.random(X.shape) < gaps] = np.nan
    target = {"numbers": y, "two": y > 0, "counts": np.floor(np.exp(y)), "three": np.digitize(y, [-1, 1])}[
        task
    ]
    return pl.DataFrame({f"f{n}": X[:, n] for n in range(3)} | {"__target": target}, nan_to_null=True)


def model(rows, estimator, frames=False):
    def by_array(X: np.ndarray, y):
        return estimator.fit(X, y)

    def by_frame(X: pl.DataFrame, y):
        return estimator.fit(X, y)

    fit = by_frame if frames else by_array
    return refit_estimator(rows, fit=fit, params={}, task=None, output="both", seed=0)


def figures(found):
    return {each.metric: each for each in found.figures}


def verdict(check, found):
    (need,) = check.needs()
    evidence = evidence_of(need, found)
    return judge((check,), {need: evidence})[0]


READABLE = {
    "lightgbm": (LGBMRegressor(**FEW), "numbers"),
    "lightgbm of counts": (LGBMRegressor(**FEW, objective="poisson"), "counts"),
    "lightgbm of two": (LGBMClassifier(**FEW), "two"),
    "a lightgbm forest": (
        LGBMRegressor(**FEW, boosting_type="rf", subsample=0.5, subsample_freq=1),
        "numbers",
    ),
    "forest": (RandomForestRegressor(5, random_state=0), "numbers"),
    "forest of two": (RandomForestClassifier(5, random_state=0), "two"),
    "forest of three": (RandomForestClassifier(5, random_state=0), "three"),
    "extra": (ExtraTreesClassifier(5, random_state=0), "two"),
    "tree": (DecisionTreeRegressor(random_state=0), "numbers"),
    "boosted": (GradientBoostingRegressor(n_estimators=10, random_state=0), "numbers"),
    "boosted of two": (GradientBoostingClassifier(n_estimators=10, random_state=0), "two"),
    "histogram": (HistGradientBoostingRegressor(max_iter=10, random_state=0), "numbers"),
    "histogram of counts": (HistGradientBoostingRegressor(max_iter=10, loss="poisson"), "counts"),
    "histogram of two": (HistGradientBoostingClassifier(max_iter=10, random_state=0), "two"),
    "behind scaler and imputer": (
        make_pipeline(SimpleImputer(), StandardScaler(), LGBMClassifier(**FEW)),
        "two",
    ),
}


@pytest.mark.parametrize("name", READABLE)
def test_what_is_read_of_trees_answers_as_the_model(name):
    estimator, task = READABLE[name]
    boosted_plain = isinstance(estimator, GradientBoostingRegressor | GradientBoostingClassifier)
    rows = table(task=task, gaps=0.0 if boosted_plain else 0.1)
    asked = model(rows, estimator)
    output = 1 if asked.signature.classes else 0
    structure = asked.structure(output)
    read = structure.trees
    fresh = table(300, seed=1, task=task, gaps=0.0 if boosted_plain else 0.2).drop("__target")
    assert agrees(read, structure.inside(asked.numbers(fresh)), asked(fresh).scores[:, output])
    low, high = range_of(read)
    said = asked(fresh).scores[:, output]
    assert low - 1e-9 <= said.min() <= said.max() <= high + 1e-9


def test_each_row_lies_in_one_leaf_whose_value_is_the_trees_answer():
    rows = table(gaps=0.2)
    asked = model(rows, LGBMRegressor(**FEW))
    X = asked.numbers(rows)
    read = asked.structure(0).trees
    total = np.zeros(len(X))
    for tree in read.trees:
        leaves = leaves_of(tree)
        x = X[:, leaves.features][:, None]
        inside = np.where(np.isnan(x), leaves.missing[None], (leaves.low < x) & (x <= leaves.high)).all(
            axis=2
        )
        assert (inside.sum(axis=1) == 1).all()
        total += leaves.value[inside.argmax(axis=1)]
    assert total == pytest.approx(asked(rows).scores[:, 0])


@pytest.mark.parametrize(
    "estimator",
    [
        LGBMRegressor(**FEW, monotone_constraints=[1, 0, -1]),
        HistGradientBoostingRegressor(max_iter=20, monotonic_cst=[1, 0, -1]),
        RandomForestRegressor(10, monotonic_cst=[1, 0, -1], max_depth=6, random_state=0),
        make_pipeline(StandardScaler(), LGBMRegressor(**FEW, monotone_constraints=[1, 0, -1])),
    ],
)
def test_a_constraint_the_learner_kept_is_proved(estimator):
    rows = table(gaps=0.1)
    asked = model(rows, estimator)
    for feature, increasing in (("f0", True), ("f2", False)):
        found = shape.monotone(asked, rows, feature, increasing)
        assert figures(found)["proved"].value == 1 and found.notes[0] == PROVED_BY_LEAVES()
        said = verdict(monotone(feature, increasing, proof=True), found)
        assert said.outcome == "pass" and sentence(said.reason).startswith("Proved")
    said = verdict(monotone("f0", False), shape.monotone(asked, rows, "f0", False))
    assert said.outcome == "fail"


@pytest.mark.parametrize("task", ["numbers", "two", "counts"])
def test_a_dip_is_found_by_example_and_never_more_than_was_proved(task):
    rows = table(task=task)
    learner = {
        "numbers": LGBMRegressor(**FEW),
        "two": LGBMClassifier(**FEW),
        "counts": LGBMRegressor(**FEW, objective="poisson"),
    }[task]
    found = shape.monotone(model(rows, learner), rows, "f1", True)
    step = figures(found)["largest_wrong_step"]
    assert step.value > 0.05
    assert step.high is None if task == "counts" else step.high >= step.value
    said = verdict(monotone("f1"), found)
    assert said.outcome == "fail" and "example" in sentence(said.reason)


def test_the_proof_agrees_with_every_input_of_a_small_ensemble():
    agreed = 0
    for seed in range(30):
        draw = np.random.default_rng(seed)
        X = draw.integers(0, 4, (60, 3)).astype(float)
        y = X @ [1.0, 0.5, -0.2] + draw.normal(size=60) * 0.5
        rows = pl.DataFrame({f"f{n}": X[:, n] for n in range(3)} | {"__target": y})
        asked = model(rows, GradientBoostingRegressor(n_estimators=1, max_depth=3, random_state=0))
        read = asked.structure(0).trees
        every = np.stack(np.meshgrid(*[np.arange(4.0)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
        cube = answers_of(read, every).reshape(4, 4, 4)
        worst = (np.maximum.accumulate(cube, axis=0) - cube).max()
        proved = wrong_way(read, 0, True)
        # One tree has nothing to be made up for by: the proof is exact there.
        assert (proved == 0) == (worst <= 1e-12)
        assert proved >= worst - 1e-12
        agreed += worst <= 1e-12
    assert 0 < agreed < 30


def test_words_and_missing_values_are_part_of_where_leaves_meet():
    draw = np.random.default_rng(0)
    word = draw.choice(["a", "b", "c"], 800)
    x = draw.normal(size=800)
    y = np.where(word == "b", -x, x) + 0.1 * draw.normal(size=800)
    rows = pl.DataFrame({"x": x, "word": word, "__target": y})
    asked = model(rows, LGBMRegressor(**FEW), frames=True)
    found = shape.monotone(asked, rows, "x", True)
    assert figures(found)["proved"].value == 1, "the words were read"
    assert verdict(monotone("x"), found).outcome == "fail"
    kept = model(
        rows.filter(pl.col("word") != "b"), LGBMRegressor(**FEW, monotone_constraints=[1, 0]), frames=True
    )
    assert verdict(monotone("x", proof=True), shape.monotone(kept, rows, "x", True)).outcome == "pass"
    assert verdict(monotone("word"), shape.monotone(asked, rows, "word", True)).outcome == "inconclusive"


def test_linear_models_are_proved_or_refuted_by_their_weights():
    rows = table(task="two", gaps=0.1)
    asked = model(rows, make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression()))
    said = verdict(monotone("f0", proof=True), shape.monotone(asked, rows, "f0", True))
    assert said.outcome == "pass"
    assert verdict(monotone("f0", False), shape.monotone(asked, rows, "f0", False)).outcome == "fail"
    first = shape.monotone(asked, rows, "f0", False, of="false")
    assert verdict(monotone("f0", False, of="false", proof=True), first).outcome == "pass"
    plain = model(table(), LinearRegression())
    assert verdict(monotone("f0", proof=True), shape.monotone(plain, table(), "f0", True)).outcome == "pass"
    found = figures(shape.measure_bounds(plain, table()))
    assert found["lowest_answer"].low < found["lowest_answer"].value < found["highest_answer"].high


def test_a_model_that_cannot_be_read_is_searched_and_says_so():
    rows = table()
    smooth = model(rows.with_columns(__target=pl.col("f0") * 3), KNeighborsRegressor(200))
    found = shape.monotone(smooth, rows, "f0", True)
    said = verdict(monotone("f0", tolerance=0.5), found)
    assert said.outcome == "pass" and "not by proof" in sentence(said.reason)
    assert verdict(monotone("f0", tolerance=0.5, proof=True), found).outcome == "inconclusive"
    rough = model(rows, KNeighborsRegressor(1))
    assert verdict(monotone("f0"), shape.monotone(rough, rows, "f0", True)).outcome == "fail"
    bounds = shape.measure_bounds(rough, rows, low=-100, high=100)
    assert "not by proof" in sentence(verdict(within(-100, 100), bounds).reason)
    assert verdict(within(-100, 100, proof=True), bounds).outcome == "inconclusive"


def test_a_forest_is_proved_to_stay_within_what_it_was_grown_on():
    rows = table()
    asked = model(rows, RandomForestRegressor(20, random_state=0))
    y = rows["__target"]
    found = shape.measure_bounds(asked, rows, low=y.min(), high=y.max())
    said = verdict(within(y.min(), y.max(), proof=True), found)
    assert said.outcome == "pass" and sentence(said.reason) == "Proved; 0 of 500 rows are outside."
    assert verdict(within(0, None), shape.measure_bounds(asked, rows, low=0)).outcome == "fail"


@pytest.mark.parametrize(("high", "outcome"), [(0.5, "fail"), (100.0, "pass")])
def test_a_verdict_on_a_range_counts_rows_and_holds_no_answer_for_one(high, outcome):
    rows = table()
    asked = model(rows, LinearRegression())
    answers = asked(rows).scores[:, 0]
    found = shape.measure_bounds(asked, rows, high=high)
    said = verdict(within(high=high), found)
    assert said.outcome == outcome
    assert (said.figure.metric, said.figure.value, said.figure.rows) == (
        "rows_outside",
        (answers > high).sum(),
        500,
    )
    numbers = [float(each) for each in re.findall(rb"-?\d+\.?\d*(?:e-?\d+)?", encode(said))]
    ends = {figures(found)[name].value for name in ("lowest_answer", "highest_answer")}
    assert ends == {answers.min(), answers.max()}
    assert not ends & set(numbers)


def test_between_what_is_seen_and_what_is_proved_nothing_is_proved():
    rows = table()
    asked = model(rows, LGBMRegressor(**FEW))
    found = shape.measure_bounds(asked, rows)
    highest = figures(found)["highest_answer"]
    assert highest.value < highest.high
    between = (highest.value + highest.high) / 2
    found = shape.measure_bounds(asked, rows, high=between)
    said = verdict(within(high=between), found)
    assert said.outcome == "pass" and "not by proof" in sentence(said.reason)
    assert verdict(within(high=between, proof=True), found).outcome == "inconclusive"
    assert verdict(within(high=highest.high, proof=True), found).outcome == "pass"


def test_three_classes_ask_which_one_is_meant():
    rows = table(task="three")
    asked = model(rows, RandomForestClassifier(5, random_state=0))
    (lost,) = shape.monotone(asked, rows, "f0", True).unmeasured
    assert (lost.metric, lost.why.code) == ("largest_wrong_step", CLASS_NOT_SAID.id)
    assert figures(shape.measure_bounds(asked, rows, of="2"))["proved"].value == 1
    assert verdict(within(0, 1), shape.measure_bounds(asked, rows)).outcome == "inconclusive"
    boosted = model(rows, LGBMClassifier(**FEW))
    assert shape.monotone(boosted, rows, "f0", True, of="2").notes[0].code == BY_SEARCH.id


def test_integers_and_booleans_are_asked_with_values_they_can_have():
    draw = np.random.default_rng(0)
    rows = pl.DataFrame({"n": draw.integers(0, 50, 400), "yes": draw.random(400) < 0.5}).with_columns(
        __target=pl.col("n").cast(pl.Float64) + pl.col("yes").cast(pl.Float64)
    )
    asked = model(rows, LGBMRegressor(**FEW, monotone_constraints=[1, 1]))
    for feature in ("n", "yes"):
        found = shape.monotone(asked, rows, feature, True)
        assert verdict(monotone(feature, proof=True), found).outcome == "pass"


def test_no_such_feature_or_no_rows_is_no_pass():
    rows = table()
    asked = model(rows, LinearRegression())
    for found in (shape.monotone(asked, rows, "f9", True), shape.monotone(asked, rows.clear(), "f0", True)):
        assert verdict(monotone("f0"), found).outcome == "inconclusive"
    assert verdict(within(0), shape.measure_bounds(asked, rows.clear())).outcome == "inconclusive"


def test_the_step_reads_what_the_engine_hands_it():
    at = StepContext(store=MemoryStore(), keys=derive(bytes(32)))
    rows = table()
    asked = model(rows, LinearRegression())
    test, nothing = write(at, rows), at.put(b"", "model")
    given = {"model": nothing, "signature": nothing, "test": test, "opened": lambda *_: asked}
    for check in (monotone("f0"), within(-1e3, 1e3)):
        (need,) = check.needs()
        params = {name: json.loads(text) for name, text in need.params}
        made = shape.measure(at, **given, **params)
        assert verdict(check, at.get_json(made["findings"], Findings)).outcome == "pass"


def test_promises_that_mean_nothing_are_refused():
    for wrong in (within, lambda: within(2, 1), lambda: monotone(""), lambda: monotone("a", tolerance=-1)):
        with pytest.raises(BadProject):
            wrong()


class TestMonotone(CheckContract):
    good = (Figure(metric="largest_wrong_step", value=0.0, low=0.0, high=0.0),)
    bad = (Figure(metric="largest_wrong_step", value=0.3, low=0.3, high=0.4),)

    @staticmethod
    def check():
        return monotone("f0")


class TestWithin(CheckContract):
    good = (
        Figure(metric="lowest_answer", value=0.2, low=0.1, high=0.2),
        Figure(metric="highest_answer", value=0.8, low=0.8, high=0.9),
        Figure(metric="rows_outside", value=0, rows=300),
    )
    bad = (
        Figure(metric="lowest_answer", value=-0.2, low=-0.3, high=-0.2),
        Figure(metric="highest_answer", value=0.8, low=0.8, high=0.9),
        Figure(metric="rows_outside", value=1, rows=300),
    )

    @staticmethod
    def check():
        return within(0, 1)
