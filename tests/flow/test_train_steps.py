"""From a feature table to a kept model, its figures, and its answers: every step of the room in turn."""

from datetime import UTC, datetime, timedelta

import lightgbm
import msgspec
import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.svm import LinearSVC

from comporta.checks.champion import measure as room
from comporta.checks.champion.codes import CHAMPION_COULD_NOT_ANSWER
from comporta.errors import BadData, BadProject, NotFound, Tampered
from comporta.opened.sentences import sentence
from comporta.records import Findings, Scores, Signature, at_random, by_group, by_time
from comporta.records.export import ExportAgreement
from comporta.store import MemoryStore, StepContext, derive
from comporta.store.frames import read, write
from comporta.testing.messages import slice_text
from comporta.train import load_predictor, steps, trial_rows
from comporta.train.frames import dress, matrix

ROWS = 1500
draw = np.random.default_rng(0)
START = datetime(2024, 1, 1, tzinfo=UTC)
signal = draw.normal(size=ROWS)
word = draw.choice(["x", "y", "z"], ROWS)
known = signal + (word == "x") * 1.5
outcome = known + 0.5 * draw.normal(size=ROWS)
TABLE = pl.DataFrame(
    {
        "signal": signal,
        "amount": draw.random(ROWS) * 1000,
        "count": draw.integers(0, 9, ROWS),
        "flag": draw.random(ROWS) < 0.3,
        "word": word,
        "__key": [f'["{number}"]' for number in range(ROWS)],
        "__subject": [number % 50 for number in range(ROWS)],
        "__at": [START + timedelta(hours=number) for number in range(ROWS)],
        "__keep_town": draw.choice(["Lisboa", "Porto"], ROWS),
        "__target": outcome > 0.5,
    }
).with_columns(
    signal=pl.when(pl.int_range(ROWS) % 17 == 0).then(None).otherwise(pl.col("signal")),
    word=pl.when(pl.int_range(ROWS) % 23 == 0).then(None).otherwise(pl.col("word")),
)
NUMBERS = TABLE.drop("word")
FEW = {"n_estimators": 20, "num_leaves": 7, "verbose": -1, "n_jobs": 1}
WORDS = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-1)


def logistic(X, y):
    return make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression()).fit(X, y)


def forest(X, y, *, random_state):
    return RandomForestClassifier(10, max_depth=5, random_state=random_state).fit(X, y)


def histogram(X, y, *, seed=0):
    return HistGradientBoostingClassifier(max_iter=10, random_state=seed).fit(X, y)


def boosted(X, y):
    return lightgbm.LGBMClassifier(**FEW).fit(X, y)


def boosted_pandas(X: pd.DataFrame, y):
    return lightgbm.LGBMClassifier(**FEW).fit(X, y)


def one_hot(X, y):
    columns = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["word"]), (SimpleImputer(), ["signal", "amount", "count"])
    )
    return make_pipeline(columns, StandardScaler(with_mean=False), LogisticRegression()).fit(X, y)


def coded(X, y, *, seed=0):
    trees = HistGradientBoostingClassifier(max_iter=10, random_state=seed)
    return make_pipeline(make_column_transformer((WORDS, ["word"]), remainder="passthrough"), trees).fit(X, y)


def categories(X, y, *, seed=0):
    return HistGradientBoostingClassifier(
        max_iter=10, categorical_features="from_dtype", random_state=seed
    ).fit(X, y)


def vectors(X, y):
    return make_pipeline(SimpleImputer(), StandardScaler(), LinearSVC(random_state=0)).fit(X, y)


def ridge(X, y):
    return make_pipeline(SimpleImputer(), Ridge()).fit(X, y)


def histogram_of_numbers(X, y, *, seed=0):
    return HistGradientBoostingRegressor(max_iter=10, random_state=seed).fit(X, y)


def boosted_numbers(X, y):
    return lightgbm.LGBMRegressor(**FEW).fit(X, y)


def context():
    return StepContext(store=MemoryStore(), keys=derive(b"k" * 32), seed=7)


def train(table, fit, *, output="both", at=None, split=None, export=True):
    """Every step but the scores."""
    at = at or context()
    how = msgspec.to_builtins(split or by_time("10d", gap="1d"))
    made = steps.parts(at, table=write(at, table), split=how)
    made |= steps.fit(at, train=made["train"], fit=fit, params={}, output=output)
    if export:
        made |= steps.export(at, model=made["model"], signature=made["signature"], train=made["train"])
    made |= steps.predict(at, model=made["model"], signature=made["signature"], table=made["test"])
    return at, made


THREE = TABLE.with_columns(
    __target=pl.Series(np.array(["low", "middle", "high"])[np.digitize(outcome, [0.0, 1.0])])
)
MONEY = TABLE.with_columns(__target=pl.Series(outcome * 10))


@pytest.mark.parametrize(
    ("table", "fit", "output", "form"),
    [
        (NUMBERS, logistic, "both", "onnx"),
        (NUMBERS, forest, "probability", "onnx"),
        (NUMBERS, histogram, "both", "onnx"),
        (NUMBERS, boosted, "both", "lightgbm"),
        (NUMBERS, vectors, "label", None),
        (TABLE, boosted, "both", "lightgbm"),
        (TABLE, boosted_pandas, "both", "lightgbm"),
        (TABLE, one_hot, "both", "onnx"),
        (TABLE, coded, "both", "onnx"),
        (TABLE, categories, "both", "native"),
        (THREE, boosted, "both", "lightgbm"),
        (THREE, coded, "label", "onnx"),
        (MONEY.drop("word"), ridge, "both", "onnx"),
        (MONEY.drop("word"), histogram_of_numbers, "both", "onnx"),
        (MONEY, boosted_numbers, "both", "lightgbm"),
    ],
)
def test_a_kept_model_answers_as_the_estimator_in_whatever_form(table, fit, output, form):
    at, made = train(table, fit, output=output)
    served = load_predictor(at, made)
    native = load_predictor(at, made, compiled=False)
    assert form is None or served.form == form
    served.self_test()
    rows = read(at, made["test"])
    signature = served.signature
    # A row with nothing known, and a word nobody has seen.
    if all(field.nullable for field in signature.features):
        strange = rows.head(1).with_columns(
            pl.lit(None, kind).alias(name) for name, kind in rows.schema.items() if not name.startswith("_")
        )
        rows = pl.concat([rows, strange])
    if "word" in rows.columns:
        rows = pl.concat([rows, rows.head(2).with_columns(word=pl.lit("never seen"))])
    mine, theirs = served.predict(rows), native.predict(rows)
    quick = served.fast(matrix(dress(rows, signature.features)))
    few = served.predict(rows.tail(20).with_columns(pl.selectors.enum().cast(pl.String)))
    single = served.fast(matrix(dress(rows.head(1), signature.features)))
    wanted = {"label": ["label"], "probability": ["probability"], "both": ["label", "probability"]}[output]
    assert list(mine) == (["prediction"] if signature.task == "regression" else wanted)
    for name in mine:
        for answer in (mine[name], quick[name]):
            assert len(answer) == rows.height
            if answer.dtype.kind == "f":
                assert np.allclose(answer, theirs[name], rtol=1e-4, atol=1e-5)
            else:
                assert answer.tolist() == theirs[name].tolist()
        last = mine[name][-20:]
        assert np.allclose(few[name], last) if last.dtype.kind == "f" else (few[name] == last).all()
        assert np.allclose(single[name], mine[name][:1]) if mine[name].dtype.kind == "f" else True
    for name, each in at.get_json(made["parity"], ExportAgreement).forms.items():
        assert each.agrees == (name in made or name == "lightgbm"), (name, each)
        assert each.agrees or each.reason


def test_a_label_comes_back_in_the_type_it_had():
    for target, kind in (
        (pl.Series(outcome > 0.5), bool),
        (pl.Series(outcome > 0.5).cast(pl.Int64) + 3, int),
        (pl.Series(np.where(outcome > 0.5, "late", "in time")), str),
    ):
        at, made = train(NUMBERS.with_columns(__target=target), boosted, export=False)
        labels = load_predictor(at, made).predict(read(at, made["test"]))["label"].tolist()
        assert {type(label) for label in labels} == {kind}
        assert set(labels) <= set(target.to_list())


def test_plain_values_are_encoded_as_the_frame_is():
    at, made = train(TABLE, boosted)
    served = load_predictor(at, made)
    rows = read(at, made["test"]).head(50)
    plain = rows.select(field.name for field in served.signature.features).rows()
    assert np.array_equal(
        served.encode(plain), matrix(dress(rows, served.signature.features)), equal_nan=True
    )
    assert np.isnan(served.encode([[1.0, 2.0, 3, True, "never seen"]])[0, 4])
    with pytest.raises(BadData, match="amount: found text, expected Float64"):
        served.encode([[1.0, "much", 3, True, "x"]])


def test_a_feature_the_model_cannot_miss_is_told_by_asking_it():
    plain = NUMBERS.with_columns(pl.col("signal").fill_null(0.0))

    def bare(X, y):
        return LogisticRegression(max_iter=500).fit(X, y)

    at, made = train(plain, bare, export=False)
    signature = at.get_json(made["signature"], Signature)
    assert {field.name: field.nullable for field in signature.features} == dict.fromkeys(
        ["signal", "amount", "count", "flag"], False
    )
    at, made = train(NUMBERS, histogram, export=False)
    assert all(field.nullable for field in at.get_json(made["signature"], Signature).features)


def test_training_never_sees_the_test_rows_nor_a_hidden_column():
    seen = []

    def spy(X, y):
        seen.append((X, y))
        return boosted(X, y)

    at, made = train(TABLE, spy, export=False)
    X, y = seen[0]
    train_rows, test_rows = read(at, made["train"]), read(at, made["test"])
    assert X.columns == ["signal", "amount", "count", "flag", "word"]
    assert len(y) == X.height == train_rows.height
    assert set(train_rows["__key"]).isdisjoint(test_rows["__key"])


def test_rows_without_a_target_are_in_no_part_and_counted(capsys):
    at = context()
    some = TABLE.with_columns(__target=pl.when(pl.int_range(ROWS) % 10 > 0).then("__target"))
    made = steps.parts(at, table=write(at, some), split=msgspec.to_builtins(at_random(0.2)))
    counts = at.get_json(made["counts"], dict[str, int])
    assert counts["no target"] == 150
    assert counts["train"] + counts["test"] == 1350
    assert "150 no target" in capsys.readouterr().out
    with pytest.raises(BadData, match="found 1,500 rows and a target in none"):
        none = TABLE.with_columns(__target=pl.lit(None, pl.Boolean))
        steps.parts(at, table=write(at, none), split=msgspec.to_builtins(at_random(0.2)))


def test_the_same_steps_give_the_same_bytes():
    first, second = (train(TABLE, coded)[1] for _ in range(2))
    assert first == second


def test_scores_are_scikit_learn_s_with_intervals_by_day_or_group_and_slice():
    at, made = train(TABLE, boosted, export=False)
    rows = read(at, made["predictions"])
    expected = roc_auc_score(rows["__target"], rows["__probability_1"])
    answer = steps.score(
        at, predictions=made["predictions"], metrics=["roc_auc", "f1"], slices=["word", "town", "amount"]
    )
    scores = at.get_json(answer["scores"], Scores)
    overall = next(each for each in scores.figures if each.metric == "roc_auc" and not slice_text(each))
    assert overall.value == pytest.approx(expected)
    assert overall.low < expected < overall.high
    assert (overall.rows, overall.groups) == (240, 11), "ten days touch eleven dates"
    slices = {slice_text(each) for each in scores.figures}
    assert {"word=x", "word=y", "word=z", "town=Lisboa", "town=Porto"} <= slices
    assert len([each for each in slices if each.startswith("amount=")]) == 4
    small = [(each.metric, slice_text(each)) for each in scores.unmeasured if each.small]
    assert small == [("roc_auc", "word=missing"), ("f1", "word=missing")]
    grouped = steps.score(at, predictions=made["predictions"], metrics=["roc_auc"], group="subject")
    figure = at.get_json(grouped["scores"], Scores).figures[0]
    assert figure.groups == 11, "the fewest of both ways"
    assert [sentence(each) for each in figure.notes] == ["in 50 groups and 11 days"]


def test_the_usual_metrics_are_those_of_the_task_and_output():
    def names(table, fit, output):
        at, made = train(table, fit, output=output, export=False)
        answer = steps.score(at, predictions=made["predictions"])
        return {figure.metric for figure in at.get_json(answer["scores"], Scores).figures}

    assert names(NUMBERS, logistic, "both") == {
        "roc_auc", "average_precision", "log_loss", "brier", "accuracy", "balanced_accuracy", "f1"
    }  # fmt: skip
    assert names(NUMBERS, vectors, "label") == {"accuracy", "balanced_accuracy", "f1"}
    assert names(MONEY.drop("word"), ridge, "both") == {"mae", "rmse", "r2"}


def test_a_metric_that_cannot_be_measured_is_told():
    at, made = train(NUMBERS, vectors, output="label", export=False)
    for wrong, why in (("rmse", "cannot be measured for binary"), ("roc_auc", "needs a probability")):
        with pytest.raises(BadProject, match=why):
            steps.score(at, predictions=made["predictions"], metrics=[wrong])
    with pytest.raises(BadProject, match="column 'nowhere': not in the table"):
        steps.score(at, predictions=made["predictions"], slices=["nowhere"])


def versus(at, new, theirs, old, metric):
    asked = {"predictions": new["predictions"], "train": new["train"], "metric": metric}
    made = room.measure(at, **asked, champion=theirs, champion_train=old)
    return at.get_json(made["findings"], Findings)


@pytest.mark.parametrize(("metric", "better"), [("roc_auc", 1), ("log_loss", -1)])
def test_a_champion_is_compared_on_rows_neither_was_trained_on(metric, better):
    at = context()
    _, old = train(TABLE.head(1000), logistic_of_few, at=at, split=at_random(0.3), export=False)
    _, new = train(TABLE, boosted, at=at, split=at_random(0.3), export=False)
    theirs = steps.predict(at, model=old["model"], signature=old["signature"], table=new["test"])
    (figure,) = versus(at, new, theirs["predictions"], old["train"], metric).figures
    test, seen = read(at, new["test"]), read(at, old["train"])
    assert figure.rows == len(set(test["__key"]) - set(seen["__key"]))
    assert figure.value * better > 0
    assert figure.low <= figure.value <= figure.high
    if metric == "roc_auc":
        mine, other = read(at, new["predictions"]), read(at, theirs["predictions"])
        assert figure.value == pytest.approx(
            roc_auc_score(mine["__target"], mine["__probability_1"])
            - roc_auc_score(other["__target"], other["__probability_1"])
        )


def logistic_of_few(X, y):
    columns = make_column_transformer((SimpleImputer(), ["amount", "count"]))
    return make_pipeline(columns, StandardScaler(), LogisticRegression()).fit(X, y)


def test_a_model_against_itself_differs_by_nothing():
    at, made = train(TABLE, boosted, export=False)
    (figure,) = versus(at, made, made["predictions"], made["train"], "roc_auc").figures
    assert figure.value == 0 and figure.low == -figure.high < 0, "what does not vary is not certain"
    assert 8 <= figure.groups < figure.rows, "days are resampled whole"


def test_a_champion_with_other_features_is_a_missing_comparison_and_no_failed_run():
    at = context()
    _, old = train(TABLE, boosted, at=at, export=False)
    _, new = train(NUMBERS, boosted, at=at, export=False)
    asked = {"model": old["model"], "signature": old["signature"], "table": new["test"]}
    with pytest.raises(BadData, match="found no word"):
        steps.predict(at, **asked)
    theirs = steps.predict(at, **asked, strict=False)["predictions"]
    (lost,) = versus(at, new, theirs, old["train"], "main").unmeasured
    assert (lost.metric, lost.why) == ("main", CHAMPION_COULD_NOT_ANSWER())


def test_groups_split_whole_by_a_kept_column():
    at = context()
    made = steps.parts(at, table=write(at, TABLE), split=msgspec.to_builtins(by_group("subject", 0.3)))
    sides = [set(read(at, made[part])["__subject"]) for part in ("train", "test")]
    assert sides[0].isdisjoint(sides[1])


def test_parts_that_are_not_there_or_not_as_written_are_told():
    at, made = train(NUMBERS, boosted)
    with pytest.raises(NotFound, match="no signature"):
        load_predictor(at, {"model": made["model"]})
    other = at.put(b"rubbish", "model")
    with pytest.raises(Tampered, match="no kept model"):
        load_predictor(at, {**made, "model": other})


def test_a_predictor_that_answers_otherwise_than_it_did_fails_its_own_test():
    at, made = train(NUMBERS, boosted)
    _, other = train(NUMBERS, forest, at=at)
    mixed = load_predictor(at, {**made, "trial": other["trial"]})
    with pytest.raises(Tampered, match="away from those it gave when it was kept"):
        mixed.self_test()


def test_trial_rows_are_nobody_s():
    at, made = train(TABLE, boosted)
    rows = trial_rows(load_predictor(at, made))
    assert rows.columns == ["signal", "amount", "count", "flag", "word"]
    assert rows.height == 16
    real = read(at, made["train"]).select(rows.columns).with_columns(pl.col("signal").round(4))
    assert rows.with_columns(pl.col("signal").round(4)).join(real, on=rows.columns, how="inner").is_empty()


class Steps:
    """A number that jumps at a decile of what it learned from, as trees do."""

    def fit(self, X, y):
        self.at = float(f"{X['known'].quantile(0.3):.6g}")
        return self

    def predict(self, X):
        return (X["known"] > self.at).cast(pl.Float64).to_numpy()


def steps_at_a_decile(X, y):
    return Steps().fit(X, y)


def test_trial_rows_lie_on_no_threshold():
    """There a compiled form, which has 32 bits, answers otherwise, and would not be served."""
    known = np.random.default_rng(0).normal(size=500)
    table = pl.DataFrame({"known": known, "__key": [str(n) for n in range(500)], "__target": known})
    at, made = train(table, steps_at_a_decile, split=at_random(0.2))
    rows = trial_rows(load_predictor(at, made))
    jump = float(f"{read(at, made['train'])['known'].quantile(0.3):.6g}")
    assert rows.height == 16
    assert (rows["known"] - jump).abs().min() > 1e-5


def test_the_wrong_shape_is_told():
    at, made = train(NUMBERS, boosted)
    with pytest.raises(BadData, match=r"found the shape \(1, 3\), expected \(n, 4\)"):
        load_predictor(at, made).fast(np.zeros((1, 3)))
