import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.svm import LinearSVC

from comporta.errors import BadData, BadProject
from comporta.stats.classes import class_text, labels_from, places
from comporta.train.call import call_fit, describe_model, reads_of
from comporta.train.frames import dress, learn_fields, matrix, to_pandas, words_at
from comporta.train.target import task_of, values_of

FRAME = pl.DataFrame(
    {
        "number": [1.5, None, 3.0, 4.0],
        "count": [1, 2, None, 4],
        "flag": [True, False, None, True],
        "word": ["b", "a", None, "b"],
        "__key": ["1", "2", "3", "4"],
    }
)
FIELDS = learn_fields(FRAME)
X = dress(FRAME, FIELDS)
Y = pl.Series([True, False, True, False])


def test_hidden_columns_are_no_features():
    assert [field.name for field in FIELDS] == ["number", "count", "flag", "word"]


def test_words_are_learned_from_the_training_rows_in_one_order():
    assert FIELDS[3].values == ("a", "b")
    assert X["word"].dtype == pl.Enum(["a", "b"])


def test_a_word_never_seen_is_a_missing_one():
    served = dress(FRAME.with_columns(word=pl.lit("z")), FIELDS)
    assert served["word"].null_count() == 4


def test_free_text_stays_text():
    texts = pl.DataFrame({"text": [f"text {number}" for number in range(100)]})
    (field,) = learn_fields(texts)
    assert field.values == ()
    assert dress(texts, (field,))["text"].dtype == pl.String


def test_what_no_model_can_read_is_told_by_name():
    with pytest.raises(BadProject, match=r"feature 'when': found Date"):
        learn_fields(pl.DataFrame({"when": [pl.Series([0]).cast(pl.Date)[0]]}))


def test_a_missing_feature_and_one_of_another_kind_are_told():
    with pytest.raises(BadData, match="found no count, word"):
        dress(FRAME.select("number", "flag"), FIELDS)
    with pytest.raises(BadData, match=r"'count': found fractions, expected Int64"):
        dress(FRAME.with_columns(count=pl.lit(2.5)), FIELDS)
    assert dress(FRAME.with_columns(count=pl.lit(2.0)), FIELDS)["count"].to_list() == [2] * 4
    with pytest.raises(BadData, match=r"'number': found String, expected Float64"):
        dress(FRAME.with_columns(number=pl.lit("much")), FIELDS)


def test_a_matrix_holds_places_and_missing_values():
    assert np.array_equal(
        matrix(X),
        [[1.5, 1, 1, 1], [np.nan, 2, 0, 0], [3, np.nan, np.nan, np.nan], [4, 4, 1, 1]],
        equal_nan=True,
    )
    assert words_at(np.array([1, np.nan, 0, -1]), ("a", "b")).to_list() == ["b", None, "a", None]


def test_pandas_gets_categories_and_numbers():
    frame = to_pandas(X)
    assert isinstance(frame, pd.DataFrame)
    assert list(frame["word"].cat.categories) == ["a", "b"]
    assert frame["word"].isna().tolist() == [False, False, True, False]
    assert [str(kind) for kind in frame.dtypes] == ["float64", "float64", "float64", "category"]


def as_polars(X, y): ...
def as_pandas(X: pd.DataFrame, y): ...
def as_text(X: "pd.DataFrame", y): ...
def as_polars_said(X: pl.DataFrame, y): ...
def as_numpy(X: np.ndarray, y): ...


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (as_polars, "polars"),
        (as_pandas, "pandas"),
        (as_text, "pandas"),
        (as_polars_said, "polars"),
        (as_numpy, "numpy"),
    ],
)
def test_x_is_what_the_annotation_asks(function, expected):
    assert reads_of(function) == expected


def test_y_is_numpy_or_what_its_annotation_asks():
    seen = []

    def plain(X, y):
        seen.append(y)

    def series(X, y: pl.Series):
        seen.append(y)

    def panda(X: pd.DataFrame, y: pd.Series):
        seen.append((X, y))

    for function in (plain, series, panda):
        call_fit(function, X, Y, "binary", {}, 0)
    assert isinstance(seen[0], np.ndarray)
    assert seen[0].tolist() == [True, False, True, False]
    assert isinstance(seen[1], pl.Series)
    assert isinstance(seen[2][0], pd.DataFrame)
    assert isinstance(seen[2][1], pd.Series)


def test_a_seed_is_handed_in_unless_it_was_set():
    seen = {}

    def fit(X, y, *, seed, random_state=1, depth=6):
        seen.update(seed=seed, random_state=random_state, depth=depth)

    call_fit(fit, X, Y, "binary", {"depth": 3}, 42)
    assert seen == {"seed": 42, "random_state": 42, "depth": 3}
    call_fit(fit, X, Y, "binary", {"seed": 7}, 42)
    assert seen["seed"] == 7


def test_a_parameter_that_is_not_there_is_told_with_those_that_are():
    def fit(X, y, *, depth=6, leaves=3): ...

    with pytest.raises(BadProject, match=r"found the parameter dept, expected some of depth, leaves"):
        call_fit(fit, X, Y, "binary", {"dept": 3}, 0)


def test_a_parameter_that_is_wanted_and_not_given_is_told():
    def fit(X, y, *, depth): ...

    with pytest.raises(BadProject, match="depth"):
        call_fit(fit, X, Y, "binary", {}, 0)


def test_what_a_function_takes_any_of_is_given():
    seen = {}

    def fit(X, y, **more):
        seen.update(more)

    call_fit(fit, X, Y, "binary", {"anything": 1}, 0)
    assert seen == {"anything": 1}


def test_nothing_returned_is_told():
    with pytest.raises(BadProject, match=r"returned nothing \(None\), expected a fitted estimator.*return"):
        describe_model(None, "fit", FIELDS, FIELDS, Y, "binary", "both")


def test_an_estimator_without_probabilities_is_told_what_to_do():
    model = LinearSVC().fit([[0.0], [1.0]], [0, 1])
    with pytest.raises(BadProject, match=r"no `predict_proba`.*CalibratedClassifierCV"):
        describe_model(model, "fit", FIELDS, FIELDS, Y, "binary", "probability")
    assert describe_model(model, "fit", FIELDS, FIELDS, Y, "binary", "label").classes == ("false", "true")


def test_a_signature_names_classes_as_they_are_written():
    model = LogisticRegression().fit([[0.0], [1.0]], [False, True])
    signature = describe_model(model, "fit", FIELDS, FIELDS, Y, "binary", "both")
    assert (signature.classes, signature.label) == (("false", "true"), "Boolean")
    assert describe_model(Ridge(), "fit", FIELDS, FIELDS, Y, "regression", "both").classes == ()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([True, False], "binary"),
        ([0, 1, 0], "binary"),
        ([0.0, 1.0], "binary"),
        (["yes", "no"], "binary"),
        (["a", "b", "c"], "multiclass"),
        ([1, 2, 3], "multiclass"),
        (list(range(30)), "regression"),
        ([0.5, 1.5, 2.5], "regression"),
    ],
)
def test_the_target_tells_the_task(values, expected):
    assert task_of(pl.Series(values)) == expected


@pytest.mark.parametrize(
    ("values", "declared", "error"),
    [
        ([1, 1], None, BadData),
        (["a", "b"], "regression", BadProject),
        ([1, 2, 3], "binary", BadProject),
        ([1, 2], "clustering", BadProject),
        ([pl.Series([0]).cast(pl.Date)[0], pl.Series([1]).cast(pl.Date)[0]], None, BadProject),
    ],
)
def test_a_target_that_cannot_be_is_told(values, declared, error):
    with pytest.raises(error):
        task_of(pl.Series(values), declared)


@pytest.mark.parametrize(
    "y",
    [pl.Series([True, False]), pl.Series([3, 7]), pl.Series([0.0, 1.0]), pl.Series(["no", "yes"])],
)
def test_labels_come_back_as_they_were(y):
    kinds = np.unique(values_of(y, "binary"))
    names = tuple(class_text(each) for each in kinds)
    assert labels_from(names, str(y.dtype)).tolist() == kinds.tolist()
    assert kinds[places(y, names)].tolist() == y.to_list()


def test_a_class_never_seen_has_no_place():
    assert places(pl.Series(["a", "z"]), ("a", "b")).tolist() == [0, -1]
