"""Out-of-fold predictions: no row is answered by a model that saw it, or saw what hangs together with it."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

from comporta.checks.shared.measuring.out_of_fold import folds, out_of_fold
from comporta.errors import BadData
from comporta.records import Signature
from comporta.stats.predictions import classes_of, statistics
from comporta.store import MemoryStore, StepContext, derive
from comporta.store.frames import read, write
from comporta.train import steps
from comporta.train.asking import refit_estimator

ROWS = 600


def context(seed=3):
    return StepContext(store=MemoryStore(), keys=derive(b"k" * 32), seed=seed)


def table(target, **more):
    draw = np.random.default_rng(1)
    return pl.DataFrame(
        {
            "a": draw.normal(size=ROWS),
            "b": draw.normal(size=ROWS),
            **more,
            "__key": [f"[{row}]" for row in range(ROWS)],
            "__target": target,
        }
    )


def nearest(X, y):
    return KNeighborsClassifier(1).fit(X, y)


def logistic(X, y):
    return LogisticRegression().fit(X, y)


def line(X, y):
    return LinearRegression().fit(X, y)


def measured(rows, fit, at=None, output="both", **told):
    at = at or context()
    train = write(at, rows)
    made = steps.fit(at, train=train, fit=fit, output=output)
    found = out_of_fold(
        at, train=train, signature=made["signature"], fit=fit, refitted=refit_estimator, params={}, **told
    )
    return at, made, read(at, found["predictions"])


def test_a_model_that_remembers_its_rows_knows_nothing_of_random_labels_out_of_fold():
    rows = table(np.random.default_rng(2).random(ROWS) < 0.5)
    at, made, oof = measured(rows, nearest)
    inside = read(
        at,
        steps.predict(at, model=made["model"], signature=made["signature"], table=write(at, rows))[
            "predictions"
        ],
    )
    (remembered,) = statistics(inside, ["accuracy"])
    (guessed,) = statistics(oof, ["accuracy"])
    assert remembered(np.ones(ROWS)) == 1.0
    assert abs(guessed(np.ones(ROWS)) - 0.5) < 0.08


def test_it_has_the_columns_of_predictions_and_the_rows_in_their_order():
    rows = table(np.random.default_rng(2).random(ROWS) < 0.5, __keep_town=["x"] * ROWS)
    at, made, oof = measured(rows, logistic)
    predicted = steps.predict(at, model=made["model"], signature=made["signature"], table=write(at, rows))
    assert oof.schema == read(at, predicted["predictions"]).schema
    assert oof["__key"].equals(rows["__key"])


def test_label_only_and_regression_have_their_columns_too():
    draw = np.random.default_rng(2)
    _, _, oof = measured(table(draw.random(ROWS) < 0.5), logistic, output="label")
    assert "__label" in oof.columns and "__probability_0" not in oof.columns
    _, _, oof = measured(table(draw.normal(size=ROWS)), line)
    assert oof["__prediction"].is_finite().all()


def test_it_is_the_same_each_time_and_another_with_another_seed():
    rows = table(np.random.default_rng(2).random(ROWS) < 0.5)
    first, again = measured(rows, logistic)[2], measured(rows, logistic)[2]
    other = measured(rows, logistic, context(4))[2]
    assert first.equals(again)
    assert not first.equals(other)


def test_a_group_is_never_split_whoever_declares_it():
    rows = table([True, False] * 300, __keep_person=[row % 37 for row in range(ROWS)])
    fold = folds(rows, "person", None)
    pairs = pl.DataFrame({"fold": fold, "person": rows["__keep_person"]}).unique()
    assert pairs.height == 37
    sizes = np.bincount(fold)
    assert sizes.max() - sizes.min() <= 17
    # A one-nearest-neighbour model knows a person's label from the person's other rows, if it may see them.
    person = np.arange(ROWS) % 60
    label = np.random.default_rng(5).random(60)[person] < 0.5
    spot = np.random.default_rng(6).normal(size=60)[person]
    rows = table(label, __keep_person=person).with_columns(a=pl.Series(spot), b=pl.Series(spot))
    split = {"type": "group", "group": "person", "test": 0.2}
    _, _, apart = measured(rows, nearest, split=split)
    _, _, mixed = measured(rows, nearest)
    right = [float((each["__label"] == each["__target"].cast(pl.String)).mean()) for each in (apart, mixed)]
    assert right[0] < 0.75
    assert right[1] == 1.0


def test_whole_days_are_held_out_where_rows_have_times():
    start = datetime(2024, 1, 1)
    rows = table([True, False] * 300, __at=[start + timedelta(hours=row) for row in range(ROWS)])
    fold = folds(rows, None, None)
    assert pl.DataFrame({"fold": fold, "day": rows["__at"].dt.date()}).unique().height == 25


def test_each_fold_has_its_share_of_a_rare_class():
    kinds = (np.arange(ROWS) % 60 == 0).astype(np.int64)
    fold = folds(table(kinds == 1), None, kinds)
    assert np.bincount(fold[kinds == 1]).tolist() == [2] * 5


def test_a_class_that_a_fold_never_met_keeps_its_place():
    label = np.array(["a", "c"] * 300, dtype=object)
    label[:20] = "b"
    rows = table(label, __keep_person=["p"] * 20 + [str(row) for row in range(20, ROWS)])
    _, made, oof = measured(rows, logistic, group="person")
    assert classes_of(oof) == ("a", "b", "c")
    assert (oof["__probability_1"][:20] == 0).all()
    assert np.allclose(
        oof.select("__probability_0", "__probability_1", "__probability_2").sum_horizontal(), 1
    )
    assert made["signature"] is not None


def test_one_unit_cannot_be_held_out():
    with pytest.raises(BadData, match="1 unit"):
        folds(table([True] * ROWS, __keep_person=[1] * ROWS), "person", None)


def test_the_tasks_of_the_folds_are_the_models_own():
    # Twenty-one whole numbers are regression, and twenty in a fold would be classes.
    number = np.arange(ROWS) % 20
    number[0] = 20
    at, made, oof = measured(table(number), line)
    assert at.get_json(made["signature"], Signature).task == "regression"
    assert "__prediction" in oof.columns
