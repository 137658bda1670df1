"""XGBoost's models: what is read, explained and served of them is what they answer."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import xgboost

from comporta.checks.explanation.attribution import attribute
from comporta.errors import BadProject
from comporta.records import Signature, Tree
from comporta.records.export import ExportAgreement
from comporta.store import MemoryStore, StepContext, derive
from comporta.store.frames import write
from comporta.train import load_predictor, steps
from comporta.train.asking import refit_estimator
from comporta.train.decisions import classes_of
from comporta.train.families import thresholds

ROWS = 600
DRAW = np.random.default_rng(5)
X = np.round(DRAW.normal(size=ROWS), 1)
WORDS = DRAW.choice(["east", "north", "south", "west"], ROWS)
SUM = X + np.where(WORDS == "south", 1.5, 0.0) + 0.5 * DRAW.normal(size=ROWS)
TABLE = pl.DataFrame(
    {
        "x": pl.Series(X).set(pl.Series(np.arange(ROWS) % 17 == 0), None),
        "other": DRAW.integers(0, 5, ROWS),
        "word": WORDS,
        "__key": [f'["{n}"]' for n in range(ROWS)],
    }
)
NUMBERS = TABLE.drop("word")
TWO, THREE, MONEY = SUM > 0.5, np.digitize(SUM, [0.0, 1.0]), SUM * 3
FEW = {"n_estimators": 12, "max_depth": 3, "n_jobs": 1}


def classifier(X, y):
    return xgboost.XGBClassifier(**FEW, enable_categorical=True).fit(X, y)


def regressor(X, y):
    return xgboost.XGBRegressor(**FEW, enable_categorical=True).fit(X, y)


def counts(X, y):
    return xgboost.XGBRegressor(**FEW, objective="count:poisson").fit(X, y)


def stopped(X, y):
    model = xgboost.XGBClassifier(**{**FEW, "n_estimators": 200}, early_stopping_rounds=2)
    return model.fit(X.head(400), y[:400], eval_set=[(X.tail(200), y[400:])], verbose=False)


def kept(table, target, fit):
    at = StepContext(store=MemoryStore(), keys=derive(b"k" * 32), seed=7)
    train = write(at, table.with_columns(__target=pl.Series(target)))
    made = steps.fit(at, train=train, fit=fit)
    return at, made | steps.export(at, model=made["model"], signature=made["signature"], train=train)


@pytest.mark.parametrize(
    ("table", "target", "fit", "form"),
    [
        (NUMBERS, TWO, classifier, "onnx"),
        (NUMBERS, THREE, classifier, "onnx"),
        (NUMBERS, MONEY, regressor, "onnx"),
        (NUMBERS, np.abs(MONEY), counts, "onnx"),
        (NUMBERS, TWO, stopped, "onnx"),
        (TABLE, TWO, classifier, "xgboost"),
        (TABLE, MONEY, regressor, "xgboost"),
    ],
)
def test_every_form_answers_as_xgboost_does_at_each_threshold_and_beside_it(table, target, fit, form):
    at, made = kept(table, target, fit)
    forms = at.get_json(made["parity"], ExportAgreement).forms
    served, native = load_predictor(at, made), load_predictor(at, made, compiled=False)
    assert served.form == form
    assert forms["xgboost"].agrees
    assert forms["xgboost"].beside and forms["xgboost"].thresholds
    served.self_test()
    rows = pl.concat([table.drop("__key"), table.drop("__key").head(1).clear(1)])
    mine, theirs = served.predict(rows), native.predict(rows)
    for name, answers in theirs.items():
        if answers.dtype.kind == "f":
            assert np.allclose(mine[name], answers, rtol=1e-5, atol=1e-6)
        else:
            assert mine[name].tolist() == answers.tolist()


def refitted(table, target, fit):
    return refit_estimator(
        table.with_columns(__target=pl.Series(target)), fit=fit, params={}, task=None, output="both", seed=0
    )


def summed(trees: tuple[Tree, ...], rows):
    """The trees walked one by one, as their record says."""
    total = np.zeros(len(rows))
    for tree in trees:
        for at, row in enumerate(rows.astype(np.float32)):
            node = 0
            while tree.feature[node] >= 0:
                value = row[tree.feature[node]]
                if np.isnan(value):
                    left = tree.missing_left[node]
                elif node in tree.words:
                    left = int(value) in tree.words[node]
                else:
                    left = value <= tree.threshold[node]
                node = tree.left[node] if left else tree.right[node]
            total[at] += tree.value[node]
    return total


@pytest.mark.parametrize(
    ("table", "target", "fit"),
    [(TABLE, TWO, classifier), (TABLE, MONEY, regressor), (NUMBERS, np.abs(MONEY), counts)],
)
def test_the_trees_that_are_read_add_up_to_what_is_answered(table, target, fit):
    model = refitted(table, target, fit)
    ensemble = model.structure(1 if fit is classifier else 0).trees
    rows = model.numbers(table)[:200]
    link = {"sigmoid": lambda z: 1 / (1 + np.exp(-z)), "identity": lambda z: z, "exp": np.exp}[ensemble.link]
    answers = model(table).scores[:200, -1]
    assert np.allclose(link(ensemble.base + summed(ensemble.trees, rows)), answers, atol=1e-5)


@pytest.mark.parametrize(("target", "fit"), [(TWO, classifier), (THREE, classifier), (MONEY, regressor)])
def test_shapley_values_add_up_to_the_answer_and_are_those_of_its_own_treeshap(target, fit):
    model = refitted(TABLE, target, fit)
    found = attribute(model, TABLE, TABLE, 0)
    assert found.residual < 1e-5 and found.apart < 1e-6 and not found.sampled
    assert found.values.shape[:2] == (ROWS, 3)
    assert found.sizes[:, 0].mean() > 5 * found.sizes[:, 1].mean()


def test_each_threshold_is_the_last_number_that_goes_left():
    def stump(X, y):
        return xgboost.XGBRegressor(n_estimators=1, max_depth=1, n_jobs=1).fit(X, y)

    model = refitted(NUMBERS, MONEY, stump)
    (cut,) = thresholds(model.estimator)[0]
    beside = [float(np.nextafter(np.float32(cut), np.float32(side))) for side in (-np.inf, np.inf)]
    below, at, above = model.estimator.predict(np.array([[beside[0], 0], [cut, 0], [beside[1], 0]]))
    assert below == at < above


@pytest.mark.parametrize("named", ["x[0]", "a<b", "*", "", "^x.*$", "two words, and a comma"])
def test_a_column_keeps_a_name_that_xgboost_refuses(named):
    table = NUMBERS.rename({"x": named}).with_columns(pl.lit(0.5).alias("x_0_"))
    at, made = kept(table, TWO, classifier)
    assert at.get_json(made["signature"], Signature).features[0].name == named
    answers = load_predictor(at, made, compiled=False).predict(table)["probability"]
    assert np.allclose(load_predictor(at, made).predict(table)["probability"], answers, atol=1e-6)
    assert attribute(refitted(table, TWO, classifier), table, table, 0).residual < 1e-5


def test_booleans_are_classes_though_xgboost_calls_them_numbers():
    at, made = kept(NUMBERS, TWO, classifier)
    signature = at.get_json(made["signature"], Signature)
    assert signature.classes == ("false", "true")
    answer = load_predictor(at, made).predict(NUMBERS)
    assert answer["label"].dtype == bool
    assert (answer["label"] == TWO).mean() > 0.7
    model = xgboost.XGBClassifier(**FEW).fit(NUMBERS.select("x"), TWO)
    assert classes_of(model, "Boolean").tolist() == [False, True]


def test_an_estimator_fitted_on_numbers_for_words_is_refused_with_what_to_do():
    def fit(X, y):
        return xgboost.XGBClassifier(**FEW).fit(X, np.unique(y, return_inverse=True)[1])

    with pytest.raises(BadProject, match=r"classes 0, 1, expected those of the target \(no, yes\)"):
        kept(NUMBERS, np.where(TWO, "yes", "no"), fit)
