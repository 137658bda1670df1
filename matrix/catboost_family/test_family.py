"""CatBoost's models: what is read, explained and served of them is what they answer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from catboost import CatBoostClassifier, CatBoostRegressor

from comporta.checks.explanation.attribution import attribute
from comporta.records import Signature, Tree
from comporta.records.export import ExportAgreement
from comporta.store import MemoryStore, StepContext, derive
from comporta.store.frames import write
from comporta.train import load_predictor, steps
from comporta.train.asking import refit_estimator
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
        "word": pl.Series(WORDS).set(pl.Series(np.arange(ROWS) % 29 == 0), None),
        "__key": [f'["{n}"]' for n in range(ROWS)],
    }
)
NUMBERS = TABLE.drop("word")
WHOLE = NUMBERS.with_columns(pl.col("x").fill_null(0.0))
TWO, THREE, MONEY = SUM > 0.5, np.digitize(SUM, [0.0, 1.0]), SUM * 3 + 1e6
YES = np.where(TWO, "yes", "no")
FEW = {"iterations": 12, "depth": 3, "thread_count": 1, "verbose": 0}


LAZILY = """
import sys
import polars as pl
from comporta.train.call import call_fit

def fit(X, y):
    from catboost import CatBoostClassifier
    return CatBoostClassifier(iterations=2, verbose=0).fit(X, y)

rows = pl.DataFrame({"x": [1.0, None, 3.0, 4.0], "word": ["a", "b", None, "a"]})
rows = rows.with_columns(pl.col("word").cast(pl.Enum(["a", "b"])))
assert "catboost" not in sys.modules
model = call_fit(fit, rows, pl.Series([True, False, True, False]), "binary", {}, 0)
assert len(model.predict(rows)) == 4
"""


def classifier(X, y):
    return CatBoostClassifier(**FEW).fit(X, y)


def regressor(X, y):
    return CatBoostRegressor(**FEW).fit(X, y)


def counts(X, y):
    return CatBoostRegressor(**FEW, loss_function="Poisson").fit(X, y)


def one_at_a_time(X, y):
    return CatBoostClassifier(**FEW, grow_policy="Lossguide").fit(X, y)


def one_against_all(X, y):
    return CatBoostClassifier(**FEW, loss_function="MultiClassOneVsAll").fit(X, y)


def last(X, y):
    return CatBoostClassifier(**FEW, nan_mode="Max").fit(X, y)


def stopped(X, y):
    model = CatBoostClassifier(**FEW | {"iterations": 200}, early_stopping_rounds=2)
    return model.fit(X.head(400), y[:400], eval_set=(X.tail(200), y[400:]))


def whole_number_categories(X, y):
    return CatBoostClassifier(**FEW, cat_features=["other", "word"]).fit(X, y)


def as_pandas(X: "pd.DataFrame", y):  # noqa: F821, UP037 - read as text
    return CatBoostClassifier(**FEW).fit(X, y)


def kept(table, target, fit):
    at = StepContext(store=MemoryStore(), keys=derive(b"k" * 32), seed=7)
    train = write(at, table.with_columns(__target=pl.Series(target)))
    made = steps.fit(at, train=train, fit=fit)
    return at, made | steps.export(at, model=made["model"], signature=made["signature"], train=train)


@pytest.mark.parametrize(
    ("table", "target", "fit", "form"),
    [
        (NUMBERS, TWO, classifier, "onnx"),
        (NUMBERS, YES, classifier, "onnx"),
        (WHOLE, TWO, classifier, "onnx"),
        (NUMBERS, TWO, one_at_a_time, "onnx"),
        (NUMBERS, TWO, last, "onnx"),
        (NUMBERS, THREE, classifier, "onnx"),
        (NUMBERS, THREE, one_against_all, "onnx"),
        (NUMBERS, MONEY, regressor, "onnx"),
        (NUMBERS, np.abs(SUM), counts, "onnx"),
        (NUMBERS, TWO, stopped, "onnx"),
        (TABLE, TWO, classifier, "catboost"),
        (TABLE, THREE, classifier, "catboost"),
        (TABLE, MONEY, regressor, "catboost"),
        (TABLE, TWO, whole_number_categories, "catboost"),
        (TABLE, TWO, as_pandas, "catboost"),
    ],
)
def test_every_form_answers_as_catboost_does_at_each_threshold_and_beside_it(table, target, fit, form):
    at, made = kept(table, target, fit)
    forms = at.get_json(made["parity"], ExportAgreement).forms
    served, native = load_predictor(at, made), load_predictor(at, made, compiled=False)
    assert served.form == form, forms
    assert forms["catboost"].agrees
    assert forms["catboost"].beside
    served.self_test()
    rows = table.drop("__key")
    if fit is not whole_number_categories:
        rows = pl.concat([rows, rows.head(1).clear(1)])
    mine, theirs = served.predict(rows), native.predict(rows)
    for name, answers in theirs.items():
        if answers.dtype.kind == "f":
            assert np.allclose(mine[name], answers, rtol=1e-5, atol=1e-6)
        else:
            assert mine[name].tolist() == answers.tolist()


def test_a_missing_word_is_answered_as_it_was_learned_and_a_new_one_as_missing():
    target = TABLE["word"].is_null().to_numpy()
    at, made = kept(TABLE, target, classifier)
    signature = at.get_json(made["signature"], Signature)
    assert all(field.nullable for field in signature.features)
    rows = TABLE.head(3).with_columns(word=pl.Series([None, "never seen", "south"]))
    for compiled in (True, False):
        chance = load_predictor(at, made, compiled=compiled).predict(rows)["probability"][:, 1]
        assert chance[0] > 0.5 > chance[2]
        assert abs(chance[0] - chance[1]) < 0.2


def test_nothing_is_written_beside_a_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    kept(TABLE, TWO, classifier)
    assert not list(tmp_path.iterdir())


def test_a_training_function_may_be_the_first_to_import_it(tmp_path: Path) -> None:
    (tmp_path / "lazily.py").write_text(LAZILY)
    done = subprocess.run(
        [sys.executable, "lazily.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert {each.name for each in tmp_path.iterdir()} == {"lazily.py"}


def refitted(table, target, fit):
    return refit_estimator(
        table.with_columns(__target=pl.Series(target)), fit=fit, params={}, task=None, output="both", seed=0
    )


def walked(trees: tuple[Tree, ...], rows):
    """The trees walked one by one, as their record says."""
    total = np.zeros(len(rows))
    for tree in trees:
        for at, row in enumerate(rows.astype(np.float32)):
            node = 0
            while tree.feature[node] >= 0:
                value = row[tree.feature[node]]
                left = tree.missing_left[node] if np.isnan(value) else value <= tree.threshold[node]
                node = tree.left[node] if left else tree.right[node]
            total[at] += tree.value[node]
    return total


@pytest.mark.parametrize(
    ("target", "fit"),
    [(TWO, classifier), (TWO, one_at_a_time), (TWO, last), (MONEY, regressor), (np.abs(SUM), counts)],
)
def test_the_trees_that_are_read_add_up_to_what_is_answered(target, fit):
    model = refitted(NUMBERS, target, fit)
    ensemble = model.structure(1 if target is TWO else 0).trees
    rows = model.numbers(NUMBERS)[:200]
    link = {"sigmoid": lambda z: 1 / (1 + np.exp(-z)), "identity": lambda z: z, "exp": np.exp}[ensemble.link]
    answers = model(NUMBERS).scores[:200, -1]
    assert np.allclose(link(ensemble.base + walked(ensemble.trees, rows)), answers, rtol=1e-12)


def test_trees_that_ask_for_words_are_not_read():
    assert refitted(TABLE, TWO, classifier).structure(1).trees is None


@pytest.mark.parametrize("table", [NUMBERS, TABLE])
@pytest.mark.parametrize(("target", "fit"), [(TWO, classifier), (THREE, classifier), (SUM, regressor)])
def test_shapley_values_add_up_to_the_answer_and_are_those_of_its_own_treeshap(table, target, fit):
    model = refitted(table, target, fit)
    found = attribute(model, table, table, 0)
    assert found.residual < 1e-9 and found.apart < 1e-9 and not found.sampled
    assert found.values.shape[:2] == (ROWS, table.width - 1)
    assert found.sizes[:, 0].mean() > 5 * found.sizes[:, 1].mean()


def test_each_threshold_is_the_last_number_that_goes_left():
    def stump(X, y):
        return CatBoostRegressor(**FEW | {"iterations": 1, "depth": 1}).fit(X, y)

    model = refitted(NUMBERS, MONEY, stump)
    (cut,) = thresholds(model.estimator)[0]
    beside = [float(np.nextafter(np.float32(cut), np.float32(side))) for side in (-np.inf, np.inf)]
    below, at, above = model.estimator.predict(np.array([[beside[0], 0], [cut, 0], [beside[1], 0]]))
    assert below == at < above


def test_leaves_are_counted_in_training_rows():
    (part, *_) = refitted(NUMBERS, TWO, classifier).parts()
    assert part.known and len(part.leaves) == FEW["iterations"]
    assert all(each.sum() == ROWS for each in part.leaves)


@pytest.mark.parametrize("named", ["x[0]", "a<b", "", "two words, and a comma", 'a "quote"', "=1+1", "x\ty"])
def test_a_column_keeps_any_name(named):
    table = NUMBERS.rename({"x": named})
    at, made = kept(table, TWO, classifier)
    assert at.get_json(made["signature"], Signature).features[0].name == named
    answers = load_predictor(at, made, compiled=False).predict(table)["probability"]
    assert np.allclose(load_predictor(at, made).predict(table)["probability"], answers, atol=1e-6)


@pytest.mark.parametrize(("target", "classes"), [(TWO, ("false", "true")), (YES, ("no", "yes"))])
def test_classes_are_the_targets_own(target, classes):
    at, made = kept(NUMBERS, target, classifier)
    assert at.get_json(made["signature"], Signature).classes == classes
    answer = load_predictor(at, made).predict(NUMBERS)["label"]
    assert (answer == target).mean() > 0.7
