"""A form of a model that serves answers as the estimator at each threshold and at the doubles beside it."""

from __future__ import annotations

import warnings

import numpy as np
import polars as pl
import pytest
from lightgbm import LGBMClassifier, LGBMRegressor
from msgspec.structs import replace
from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    AdaBoostClassifier,
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import KNNImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier
from xgboost import XGBClassifier

from comporta.records import Signature
from comporta.stats.classes import class_text
from comporta.train.export import own_forms, to_onnx
from comporta.train.families import compares_alike, thresholds
from comporta.train.families.onnx.older import same_model
from comporta.train.families.onnx.prediction import compile_onnx
from comporta.train.frames import dress, learn_fields, matrix
from comporta.train.onnx_inputs import as_one_tensor, by_column
from comporta.train.predictor import ask_estimator

ROWS = 500
DRAW = np.random.default_rng(0)
TENTHS = {f"x{place}": np.round(DRAW.integers(0, 40, ROWS) * 0.1, 10) for place in range(3)}
SECONDS = {f"x{place}": 1.7e9 + DRAW.integers(0, 4_000_000, ROWS).astype(float) for place in range(3)}
FAR = {f"x{place}": 2**53 + DRAW.integers(0, 40, ROWS) * 2**31 for place in range(3)}
WORDS = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-1)


def halved(columns: dict[str, np.ndarray]) -> pl.DataFrame:
    """Rows at the middles of what was seen and a double beside them, as a finer grid asks them."""
    made = {}
    for name, values in columns.items():
        known = np.unique(values)
        if values.dtype.kind == "i":
            made[name] = DRAW.choice(np.concatenate([known - 1, known, known + 1]), 2_000)
            continue
        middle = known[:-1] + np.diff(known) / 2
        beside = [middle, np.nextafter(middle, -np.inf), np.nextafter(middle, np.inf)]
        made[name] = DRAW.choice(np.concatenate([known, np.round(middle, 10), *beside]), 2_000)
    return pl.DataFrame(made)


def exported(model, columns, numbers=False, word=False):
    """The form that serves, the estimator's answers and the form's on the finer grid."""
    rows = pl.DataFrame(columns)
    total = sum(np.argsort(np.argsort(each)) for each in columns.values()) / ROWS
    target = total + DRAW.normal(size=ROWS) * 0.3 if numbers else (total > 1.5) ^ (DRAW.random(ROWS) < 0.1)
    asked = halved(columns)
    if word:
        rows = rows.with_columns(word=pl.Series(DRAW.choice(["a", "b"], ROWS)))
        asked = asked.with_columns(word=pl.Series(DRAW.choice(["a", "b"], asked.height)))
    fields = learn_fields(rows)
    frame, asked = dress(rows, fields), dress(asked, fields)
    model.fit(frame, target)
    classes = () if numbers else tuple(class_text(each) for each in model.classes_)
    signature = Signature(
        raw=fields, features=fields, output="both", classes=classes,
        task="regression" if numbers else "binary", label="Float64" if numbers else "Boolean",
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        graph, found = to_onnx(model, "polars", signature, frame)
    if graph is None:
        return found, None
    mine, theirs = (
        compile_onnx(graph, signature).frame(asked),
        ask_estimator(model, "polars", asked, signature),
    )
    answer = 0 if numbers else 1
    return found, np.abs(mine[answer] - theirs[answer]).max()


@pytest.mark.parametrize("columns", [TENTHS, SECONDS, FAR], ids=["tenths", "epoch seconds", "past 2^53"])
@pytest.mark.parametrize(
    ("model", "numbers"),
    [
        (HistGradientBoostingClassifier(max_iter=20), False),
        (HistGradientBoostingRegressor(max_iter=20), True),
        (RandomForestClassifier(10), False),
        (RandomForestRegressor(10, max_depth=6), True),
        (ExtraTreesClassifier(10), False),
        (GradientBoostingClassifier(n_estimators=10), False),
        (GradientBoostingRegressor(n_estimators=10), True),
        (DecisionTreeClassifier(), False),
        (LGBMClassifier(n_estimators=10, verbose=-1, n_jobs=1), False),
        (LGBMRegressor(n_estimators=10, verbose=-1, n_jobs=1), True),
    ],
    ids=lambda each: type(each).__name__,
)
def test_exported_trees_answer_as_the_estimator_on_a_finer_grid_than_they_learned_from(
    model, numbers, columns
):
    found, apart = exported(model, columns, numbers)
    assert found.agrees, found
    assert apart < 1e-5
    assert found.thresholds > 0
    assert found.beside >= 3 * found.thresholds


@pytest.mark.parametrize("encoder", [WORDS, OneHotEncoder(sparse_output=False)])
@pytest.mark.parametrize("trees", [HistGradientBoostingClassifier(max_iter=10), RandomForestClassifier(10)])
def test_trees_behind_words_made_numbers_answer_as_the_estimator(encoder, trees):
    columns = make_column_transformer((encoder, ["word"]), remainder="passthrough")
    found, apart = exported(make_pipeline(columns, trees), TENTHS, word=True)
    assert found.agrees, found
    assert apart < 1e-5


@pytest.mark.parametrize(
    "model",
    [
        make_pipeline(StandardScaler(), RandomForestClassifier(10)),
        make_pipeline(StandardScaler(), HistGradientBoostingClassifier(max_iter=10)),
        AdaBoostClassifier(n_estimators=5),
        make_pipeline(StandardScaler(), LogisticRegression()),
        make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression()),
    ],
)
def test_a_form_that_is_not_known_to_compare_alike_does_not_serve_and_one_that_does_answers_alike(model):
    found, apart = exported(model, TENTHS)
    assert found.agrees == (apart is not None)
    assert found.reason if apart is None else apart < 1e-5


def places(rows: int) -> pl.DataFrame:
    """Numbers of which some are missing, whole numbers, and words."""
    tenth = np.round(DRAW.integers(0, 40, rows) * 0.1, 10)
    return pl.DataFrame(
        {
            "gaps": pl.Series(np.where(DRAW.random(rows) < 0.2, np.nan, tenth), nan_to_null=True),
            "full": np.round(DRAW.normal(size=rows), 1),
            "count": DRAW.integers(-3, 9, rows),
            "word": pl.Series(
                DRAW.choice(["a", "b", "c", "d", "e", "f", "g", "h", "i", None], rows).tolist(),
                dtype=pl.String,
            ),
        }
    )


@pytest.mark.parametrize(
    "model",
    [
        LGBMClassifier(n_estimators=12, min_data_per_group=5, cat_smooth=1, verbose=-1, n_jobs=1),
        LGBMClassifier(n_estimators=6, objective="multiclass", verbose=-1, n_jobs=1),
        LGBMRegressor(n_estimators=12, min_data_per_group=5, cat_smooth=1, verbose=-1, n_jobs=1),
        LGBMRegressor(n_estimators=12, objective="poisson", verbose=-1, n_jobs=1),
        LGBMClassifier(n_estimators=12, use_missing=False, verbose=-1, n_jobs=1),
        LGBMClassifier(n_estimators=12, max_cat_to_onehot=20, verbose=-1, n_jobs=1),
    ],
    ids=["two classes", "three classes", "numbers", "counts", "nothing is missing", "one category a branch"],
)
def test_a_graph_of_lightgbm_goes_its_ways_at_each_threshold_for_each_category_and_for_missing_values(model):
    rows = places(1_500)
    fields = learn_fields(rows)
    frame = dress(rows, fields)
    line = rows["gaps"].fill_null(1.7) + rows["full"] + rows["count"] / 4
    line = (
        line + rows["word"].is_in(["a", "d", "h"]).fill_null(False).cast(pl.Int8) * 2
    ).to_numpy() + DRAW.normal(size=rows.height)
    numbers = isinstance(model, LGBMRegressor)
    three = model.get_params()["objective"] == "multiclass"
    target = np.abs(line) if numbers else np.digitize(line, [1, 3]) if three else line > 2
    model.fit(matrix(frame), target, categorical_feature=[3])
    signature = Signature(
        raw=fields, features=fields, output="both",
        classes=() if numbers else tuple(class_text(each) for each in model.classes_),
        task="regression" if numbers else "multiclass" if three else "binary",
        label="Float64" if numbers else "Int64" if three else "Boolean",
    )  # fmt: skip
    graph = as_one_tensor(model, signature, DoubleTensorType)
    assert compares_alike(model, graph)
    cuts = thresholds(model)
    assert cuts is not None and len(cuts[0]) > 5 and len(cuts[2]) > 3 and not len(cuts[3])
    asked = np.concatenate(
        [matrix(frame)[:300], *(_at_each(matrix(frame), *each) for each in enumerate(cuts[:3]))]
    )
    words = matrix(frame)[:200].repeat(12, axis=0)
    words[:, 3] = np.tile([*range(10), np.nan, -1], 200)
    gone = matrix(frame)[:400].copy()
    gone[DRAW.random(gone.shape) < 0.5] = np.nan
    asked = np.concatenate([asked, words, gone])
    compiled = compile_onnx(graph, signature).array(asked)
    if numbers:
        scale = np.std(model.predict(asked))
        assert np.abs(compiled[0] - model.predict(asked)).max() < 1e-6 * max(1, scale)
    else:
        assert np.abs(compiled[1] - model.predict_proba(asked)).max() < 1e-6


def _at_each(rows: np.ndarray, column: int, cuts: np.ndarray) -> np.ndarray:
    """Rows with this column at each threshold, near 0, where LightGBM rounds, and at the doubles beside."""
    tiny = np.float64(np.float32(1e-35))
    cuts = np.concatenate([cuts, [0.0, tiny, -tiny]])
    values = np.concatenate([cuts, np.nextafter(cuts, -np.inf), np.nextafter(cuts, np.inf)])
    made = rows[DRAW.integers(0, len(rows), 3 * len(values))]
    made[:, column] = np.tile(values, 3)
    return made


def test_lightgbm_s_graph_is_not_made_where_it_would_mean_something_else():
    rows = places(600).drop("word")
    fields = learn_fields(rows)
    frame = dress(rows, fields)
    signature = Signature(
        raw=fields, features=fields, output="both", classes=("false", "true"), task="binary", label="Boolean"
    )
    target = rows["gaps"].fill_null(0).is_between(1, 3).to_numpy() ^ (rows["full"] > 1).to_numpy()
    few = {"n_estimators": 5, "verbose": -1, "n_jobs": 1}
    for model, extra, said in (
        (LGBMClassifier(zero_as_missing=True, **few), {}, "zero as a missing value"),
        (LGBMClassifier(**few), {"categorical_feature": [0]}, "categories that may have a fraction"),
        (LGBMClassifier(linear_tree=True, min_child_samples=5, **few), {}, "not the model's"),
    ):
        rows_ = matrix(frame) if "categorical_feature" not in extra else np.nan_to_num(matrix(frame)) * 10
        model.fit(rows_, target, **extra)
        with pytest.raises(ValueError, match=said):
            as_one_tensor(model, signature, DoubleTensorType)


def test_a_graph_of_before_is_the_same_model_where_only_its_comparisons_were_mended():
    columns = make_column_transformer((WORDS, ["word"]), remainder="passthrough")
    model = make_pipeline(columns, DecisionTreeClassifier(max_depth=3, random_state=0))
    rows = pl.DataFrame(TENTHS).with_columns(word=pl.Series(DRAW.choice(["a", "b"], ROWS)))
    fields = learn_fields(rows)
    signature = Signature(
        raw=fields, features=fields, output="both", classes=("false", "true"), task="binary", label="Boolean"
    )

    def graphs(target):
        model.fit(dress(rows, fields), target)
        return [by_column(model, signature, kind) for kind in (DoubleTensorType, FloatTensorType)]

    target = rows["x0"] + rows["x1"] > 4
    (older, newer), (other, _) = graphs(target), graphs(~target)
    assert same_model(older, newer)
    assert not same_model(newer, older)
    assert not same_model(newer, newer)
    assert not same_model(other, newer)
    assert not same_model(b"no graph", newer)


@pytest.mark.parametrize("nullable", [False, True])
def test_a_form_that_cannot_do_without_a_value_serves_only_where_none_may_be_missing(nullable):
    frame = pl.DataFrame(TENTHS)
    fields = tuple(replace(each, nullable=nullable) for each in learn_fields(frame))
    rows = dress(frame, fields)
    target = (matrix(rows).sum(axis=1) > 6).astype(int)
    # Its graph raises where nobody lacked a value in training.
    model = make_pipeline(KNNImputer(), LogisticRegression()).fit(matrix(rows), target)
    takes = Signature(
        raw=fields, features=fields, output="both", task="binary", classes=("0", "1"), label="Int64"
    )
    graph, found = to_onnx(model, "numpy", takes, rows)
    assert (graph is None) == nullable, found


def test_a_quick_call_that_raises_leaves_the_estimator_to_answer():
    frame = pl.DataFrame(TENTHS)
    fields = learn_fields(frame)
    rows = dress(frame, fields)
    target = (matrix(rows).sum(axis=1) > 6).astype(int)
    model = XGBClassifier(n_estimators=3, booster="gblinear").fit(matrix(rows), target)
    takes = Signature(
        raw=fields, features=fields, output="both", task="binary", classes=("0", "1"), label="Int64"
    )
    assert [each.agrees for each in own_forms(model, "numpy", takes, rows).values()] == [False]


def test_a_whole_number_whose_lack_decides_is_served_by_graph_and_quick_call():
    whole = pl.Series("debts", [None if row % 3 == 0 else row % 7 for row in range(ROWS)], dtype=pl.Int64)
    frame = pl.DataFrame({"debts": whole})
    fields = learn_fields(frame)
    rows = dress(frame, fields)
    model = LGBMClassifier(n_estimators=3, verbose=-1, n_jobs=1).fit(matrix(rows), whole.is_null().to_list())
    assert thresholds(model)[0].max() > 1e299, "above every number: what is missing is parted from the rest"
    takes = Signature(
        raw=fields, features=tuple(replace(each, nullable=True) for each in fields), output="both",
        task="binary", classes=("false", "true"), label="Boolean",
    )  # fmt: skip
    graph, found = to_onnx(model, "numpy", takes, rows)
    assert graph is not None, found
    assert [each.agrees for each in own_forms(model, "numpy", takes, rows).values()] == [True]
