"""Estimators as they come, with bytes, selectors of columns and any names, are kept and answer alike."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from lightgbm import LGBMClassifier
from scipy import sparse
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from comporta.train.call import call_fit, describe_model
from comporta.train.codecs import from_bytes, to_bytes
from comporta.train.families.lightgbm.words import REFUSED
from comporta.train.families.spelling import spell
from comporta.train.frames import dress, hand, learn_fields
from comporta.train.predictor import ask_estimator

DRAW = np.random.default_rng(0)
X = DRAW.normal(size=(200, 2))
Y = X[:, 0] > 0


def test_an_estimator_with_bytes_and_a_sparse_matrix_is_kept_and_read_again_in_the_same_bytes():
    def made():
        model = LogisticRegression().fit(X, Y)
        model.stamp, model.twin, model.more = b"\x00\xff raw", b"\x00\xff raw", bytearray(b"mutable")
        model.table = sparse.csr_matrix(np.eye(3))
        return to_bytes(model, "numpy")

    assert made() == made()
    model, _ = from_bytes(made())
    assert (model.stamp, model.twin, model.more) == (b"\x00\xff raw", b"\x00\xff raw", b"mutable")
    assert (model.table.toarray() == np.eye(3)).all()
    assert (model.predict(X) == LogisticRegression().fit(X, Y).predict(X)).all()


@pytest.mark.parametrize(
    "selector",
    [
        make_column_selector(dtype_include=np.number),
        make_column_selector(dtype_include=["float64", np.int64]),
        make_column_selector(dtype_exclude=["category", object]),
        make_column_selector(pattern="^number"),
    ],
)
def test_columns_chosen_by_a_selector_are_kept_with_it(selector):
    frame = pd.DataFrame({"number": X[:, 0], "word": pd.Categorical(np.where(Y, "a", "b"))})
    columns = make_column_transformer(
        (StandardScaler(), selector), (OneHotEncoder(), make_column_selector(dtype_include="category"))
    )
    model = make_pipeline(columns, LogisticRegression()).fit(frame, Y)
    again, _ = from_bytes(to_bytes(model, "pandas"))
    assert np.array_equal(again.predict_proba(frame), model.predict_proba(frame))


NAMES = ["x[0]", "x_0_", "", "a b", "a_b", 'a"b', "a,b:c", "{é}"]
ODD = pl.DataFrame({name: DRAW.normal(size=200) for name in NAMES})
PLAIN = ODD.rename({name: f"plain{place}" for place, name in enumerate(NAMES)})


def boosted(X, y):
    return LGBMClassifier(n_estimators=5, verbose=-1, n_jobs=1).fit(X, y)


def boosted_pandas(X: pd.DataFrame, y):
    return boosted(X, y)


def boosted_in_a_pipeline(X: pd.DataFrame, y):
    scaled = StandardScaler().set_output(transform="pandas")
    return make_pipeline(scaled, LGBMClassifier(n_estimators=5, verbose=-1, n_jobs=1)).fit(X, y)


@pytest.mark.parametrize("fit", [boosted, boosted_pandas, boosted_in_a_pipeline])
def test_a_feature_of_any_name_trains_lightgbm_and_keeps_its_name_outside(fit):
    target = pl.Series(ODD["x[0]"] > 0)
    reads = "polars" if fit is boosted else "pandas"

    def answers(rows):
        fields = learn_fields(rows)
        dressed = dress(rows, fields)
        model = call_fit(fit, dressed, target, "binary", {}, 0)
        takes = describe_model(model, "fit", fields, fields, target, "binary", "both")
        assert [each.name for each in takes.features] == rows.columns
        kept, _ = from_bytes(to_bytes(model, reads))
        return ask_estimator(kept, reads, dressed, takes)[1]

    assert np.array_equal(answers(ODD), answers(PLAIN))


def test_no_two_names_are_spelled_alike_inside():
    names = ["x[0]", "x_0_", "x{0}", "plain", "", "a b", "a_b"]
    assert spell(names, REFUSED) == ["x_0__", "x_0_", "x_0___", "plain", "_", "a_b_", "a_b"]
    assert hand(ODD, "pandas").columns.tolist() == NAMES
