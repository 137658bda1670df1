"""Where a model declares a weight, each row counts as much as it says: in fit and in figures."""

from __future__ import annotations

import msgspec
import numpy as np
import polars as pl
import pytest
import sklearn.metrics as theirs
from sklearn.linear_model import LogisticRegression

from comporta import at_random
from comporta.acts.build.plan import build_nodes
from comporta.acts.build.project_check import find_faults
from comporta.checks.baselines.measure import baselines
from comporta.checks.calibration.measure import calibration
from comporta.checks.champion.measure import versus
from comporta.checks.fairness.measure import compare
from comporta.checks.fit_gap.measure import fit_gap
from comporta.checks.label_errors.measure import measure_label_errors
from comporta.checks.learning_curve.measure import learning_curve
from comporta.checks.shared.figures import IMPORTANCE_LOSS
from comporta.checks.shared.measuring.importance import important
from comporta.checks.shared.tables import Y
from comporta.checks.weak_slices.figures import TO_OVERALL
from comporta.checks.weak_slices.measure import weak_slices
from comporta.cli.init import make
from comporta.errors import BadData, BadProject
from comporta.opened.project import open_project
from comporta.records import Scores
from comporta.records.columns import WEIGHT
from comporta.stats.disparity import limits, rates
from comporta.stats.metrics import ScoredRows, statistic
from comporta.store import MemoryStore, StepContext, derive
from comporta.store.frames import read, write
from comporta.train import steps
from comporta.train.asking import open_estimator, refit_estimator

ROWS = 1_200
DRAW = np.random.default_rng(5)
SIGNAL = DRAW.normal(size=ROWS)
TABLE = pl.DataFrame(
    {
        "signal": SIGNAL,
        "__key": [f'["{n}"]' for n in range(ROWS)],
        "__keep_claims": DRAW.integers(0, 5, ROWS),
        "__keep_region": DRAW.choice(["north", "south"], ROWS),
        "__target": SIGNAL + DRAW.normal(size=ROWS) > 0.3,
    }
)
REPEATED = TABLE.select(pl.all().repeat_by("__keep_claims").explode()).with_columns(
    __key=pl.format('["{}"]', pl.int_range(pl.len()))
)
"""Each row as often as its weight says: what weights mean, without any."""


def logistic(X, y, *, sample_weight=None):
    return LogisticRegression().fit(X, y, sample_weight=sample_weight)


def unweighted(X, y):
    return LogisticRegression().fit(X, y)


def at():
    return StepContext(store=MemoryStore(), keys=derive(b"k" * 32), seed=7)


@pytest.fixture(scope="module")
def made():
    """Train and test parts, the model, its predictions on the test rows."""
    context = at()
    how = msgspec.to_builtins(at_random(0.4))
    made = steps.parts(context, table=write(context, TABLE), split=how, weight="claims")
    made |= steps.fit(context, train=made["train"], fit=logistic, params={})
    made |= steps.predict(context, model=made["model"], signature=made["signature"], table=made["test"])
    return context, made


def repeated(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(pl.all().repeat_by(pl.col(WEIGHT).cast(pl.Int64)).explode()).drop(WEIGHT)


def test_a_fit_is_given_the_weights_of_its_rows(made):
    context, kept = made
    rows = read(context, kept["train"])
    assert rows[WEIGHT].to_list() == rows["__keep_claims"].cast(pl.Float64).to_list()
    mine = open_estimator(context, kept["model"], kept["signature"])
    X, y = rows.select("signal"), rows["__target"].to_numpy()
    wanted = LogisticRegression().fit(X, y, sample_weight=rows[WEIGHT].to_numpy()).predict_proba(X)
    assert np.allclose(mine(rows).scores, wanted)
    assert not np.allclose(wanted, LogisticRegression().fit(X, y).predict_proba(X), atol=1e-3)
    again = refit_estimator(rows, fit=logistic, params={}, task=None, output="both", seed=0)
    assert np.allclose(again(rows).scores, wanted)


def test_every_metric_of_a_score_is_scikit_learn_s_with_these_weights(made):
    context, kept = made
    rows = read(context, kept["predictions"])
    names = ["roc_auc", "average_precision", "log_loss", "brier", "accuracy", "balanced_accuracy"]
    names += ["precision", "recall", "f1", "mcc"]
    found = steps.score(context, predictions=kept["predictions"], metrics=names, slices=["region"])
    figures = {
        (each.metric, bool(each.where)): each for each in context.get_json(found["scores"], Scores).figures
    }
    y, chance = rows["__target"].to_numpy(), rows["__probability_1"].to_numpy()
    label, weight = rows["__label"].cast(pl.String).to_numpy() == "true", rows[WEIGHT].to_numpy()
    for name, measure, said in (
        ("roc_auc", theirs.roc_auc_score, chance),
        ("average_precision", theirs.average_precision_score, chance),
        ("log_loss", theirs.log_loss, chance),
        ("brier", theirs.brier_score_loss, chance),
        ("accuracy", theirs.accuracy_score, label),
        ("balanced_accuracy", theirs.balanced_accuracy_score, label),
        ("precision", theirs.precision_score, label),
        ("recall", theirs.recall_score, label),
        ("f1", theirs.f1_score, label),
        ("mcc", theirs.matthews_corrcoef, label),
    ):
        figure = figures[name, False]
        assert figure.value == pytest.approx(measure(y, said, sample_weight=weight)), name
        assert figure.low < figure.value < figure.high
        assert (name, True) in figures
    plain = theirs.roc_auc_score(y, chance)
    assert abs(figures["roc_auc", False].value - plain) > 1e-4


@pytest.mark.parametrize("name", ["mae", "rmse", "r2", "median_ae", "mape"])
def test_metrics_of_numbers_are_scikit_learn_s_with_any_weights(name):
    truth, weight = DRAW.normal(10, 3, 301), DRAW.random(301) * 4
    said = truth + DRAW.normal(size=301)
    measure = {
        "mae": theirs.mean_absolute_error,
        "rmse": theirs.root_mean_squared_error,
        "r2": theirs.r2_score,
        "median_ae": theirs.median_absolute_error,
        "mape": theirs.mean_absolute_percentage_error,
    }[name]
    ours = statistic(name, ScoredRows(classes=0, truth=truth, number=said, weight=weight))(np.ones(301))
    assert ours == pytest.approx(measure(truth, said, sample_weight=weight), rel=1e-9)


def by_metric(found):
    return {(each.metric, each.where, each.under): each.value for each in found.figures}


@pytest.mark.parametrize(
    "measured",
    [
        lambda rows: calibration(rows, by=("region",)),
        lambda rows: compare(rows, ["region"], "parity"),
        lambda rows: compare(rows, ["region"], "odds"),
        lambda rows: compare(rows, ["region"], "calibration"),
        lambda rows: fit_gap(rows, rows),
    ],
    ids=["calibration", "parity", "odds", "calibration parity", "fit gap"],
)
def test_a_weight_of_three_is_as_three_rows(made, measured):
    context, kept = made
    rows = read(context, kept["predictions"])
    mine, wanted = by_metric(measured(rows)), by_metric(measured(repeated(rows)))
    assert mine.keys() == wanted.keys()
    for key, value in mine.items():
        # The width of calibration's kernel is told from halves.
        assert value == pytest.approx(wanted[key], rel=2e-2 if "calibration_error" in key[0] else 1e-9), key


def test_skill_over_the_naive_answer_weighs_rows_and_what_the_naive_learned_from(made):
    context, kept = made
    rows, train = read(context, kept["predictions"]), read(context, kept["train"])
    mine = by_metric(baselines(rows, train))
    wanted = by_metric(baselines(repeated(rows), repeated(train)))
    for key, value in mine.items():
        if "tree" not in key[0] and "line" not in key[0]:
            assert value == pytest.approx(wanted[key]), key


def test_the_learning_curve_and_importance_weigh_what_a_row_lost(made):
    context, kept = made
    rows, train = read(context, kept["predictions"]), read(context, kept["train"])
    asked = open_estimator(context, kept["model"], kept["signature"])

    def refitted(part):
        return refit_estimator(part, fit=logistic, params={}, task=None, output="both", seed=0)

    curve = learning_curve(train, rows, refitted, asked.signature)
    (table,) = curve.tables
    y, chance = rows["__target"].to_numpy(), rows["__probability_1"].to_numpy()
    assert table.values(Y)[-1] == pytest.approx(
        theirs.brier_score_loss(y, chance, sample_weight=rows[WEIGHT].to_numpy())
    )
    figure = next(each for each in important(asked, rows).figures if each.metric == IMPORTANCE_LOSS.metric)
    plain = next(
        each for each in important(asked, rows.drop(WEIGHT)).figures if each.metric == IMPORTANCE_LOSS.metric
    )
    ones = important(asked, rows.with_columns(pl.lit(3.0).alias(WEIGHT)))
    assert next(e for e in ones.figures if e.metric == IMPORTANCE_LOSS.metric) == plain
    assert figure.value != pytest.approx(plain.value, rel=1e-3)


@pytest.mark.parametrize("metric", ["roc_auc", "accuracy", "log_loss", "recall"])
def test_a_champion_is_compared_with_weights(made, metric):
    context, kept = made
    champion = steps.fit(
        context, train=write(context, TABLE.with_columns(signal=-pl.col("signal"))), fit=unweighted
    )
    other = steps.predict(
        context, model=champion["model"], signature=champion["signature"], table=kept["test"]
    )
    mine, theirs_ = read(context, kept["predictions"]), read(context, other["predictions"])
    (found,) = versus(mine, theirs_, metric).figures
    again = [
        each.with_columns(__key=pl.format('["{}"]', pl.int_range(pl.len())))
        for each in map(repeated, (mine, theirs_))
    ]
    assert found.value == pytest.approx(versus(*again, metric).figures[0].value)
    assert found.low < found.value < found.high


def test_a_weak_slice_is_as_weak_as_its_weighted_rows():
    """Wrong where it counts: one in four rows of a slice, of which each counts as nine."""
    rows = 4_000
    side, wrong = np.arange(rows) % 4 == 0, np.arange(rows) % 16 == 0
    truth = DRAW.random(rows) < 0.5
    table = pl.DataFrame(
        {
            "side": np.where(side, "in", "out"),
            "__target": truth,
            "__label": pl.Series(truth ^ wrong).cast(pl.String).cast(pl.Enum(["false", "true"])),
            "__probability_0": np.where(truth ^ wrong, 0.1, 0.9),
            "__probability_1": np.where(truth ^ wrong, 0.9, 0.1),
            WEIGHT: np.where(wrong, 9.0, 1.0),
        }
    )
    found = weak_slices(table)
    (overall,) = (each for each in found.figures if each.metric == TO_OVERALL.metric)
    loss = np.where(wrong, 0.81, 0.01)
    weight = table[WEIGHT].to_numpy()
    assert overall.value == pytest.approx(
        np.average(loss[side], weights=weight[side]) / np.average(loss, weights=weight), rel=0.05
    )
    plain = weak_slices(table.drop(WEIGHT))
    assert plain == weak_slices(table.with_columns(pl.lit(3.0).alias(WEIGHT)))
    (unweighted,) = (each for each in plain.figures if each.metric == TO_OVERALL.metric)
    assert abs(unweighted.value - overall.value) > 0.3


def test_the_share_of_labels_contradicted_weighs_them(made):
    context, kept = made
    rows = read(context, kept["predictions"])
    (mine,), (wanted,) = measure_label_errors(rows).figures, measure_label_errors(repeated(rows)).figures
    assert mine.value == pytest.approx(wanted.value)
    assert mine.low < mine.value < mine.high
    assert measure_label_errors(rows.drop(WEIGHT)).figures[0].value != pytest.approx(mine.value, rel=1e-4)


def test_unlike_weights_widen_the_limits_of_a_share():
    """Kish: rows that count unlike tell as much as fewer that count alike; equal weights change nothing."""
    top, one, group = (DRAW.random(400) < 0.3).astype(float), np.ones(400), np.zeros(400, np.int64)
    plain = rates(top, one, group, 1)
    alike = rates(top, one, group, 1, weight=np.full(400, 7.0))
    assert all(np.allclose(a, b) for a, b in zip(plain, alike, strict=True) if isinstance(a, np.ndarray))
    unlike = np.where(np.arange(400) % 2, 1.0, 9.0)
    found = rates(top, one, group, 1, weight=unlike)
    assert found.value[0] == pytest.approx(np.average(top, weights=unlike))
    assert found.effect[0] == pytest.approx(400 * (unlike**2).sum() / unlike.sum() ** 2)
    (low,), (high,) = limits(found, 0.025)
    (low_,), (high_,) = limits(plain, 0.025)
    assert high - low > 1.2 * (high_ - low_)


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        (pl.Series([1.0, None]), "found 600 of 1,200 rows without a finite number of 0 or more"),
        (pl.Series([1.0, -1.0]), "found 600 of 1,200 rows"),
        (pl.Series([1.0, float("inf")]), "found 600 of 1,200 rows"),
        (pl.Series(["a", "b"]), "found String, expected numbers"),
        (pl.Series([0, 0]), "found only zeros"),
    ],
)
def test_what_is_no_weight_is_named(weights, said):
    context = at()
    table = TABLE.with_columns(__keep_claims=pl.concat([weights] * (ROWS // 2)))
    with pytest.raises(BadData, match=f"weight 'claims': {said}"):
        steps.parts(
            context, table=write(context, table), split=msgspec.to_builtins(at_random(0.4)), weight="claims"
        )


def test_a_training_function_that_takes_no_weights_is_refused():
    context = at()
    rows = TABLE.with_columns(pl.lit(1.0).alias(WEIGHT))
    with pytest.raises(BadProject, match="unweighted: found no argument `sample_weight`"):
        steps.fit(context, train=write(context, rows), fit=unweighted)


PROJECT = """
import polars as pl
from sklearn.linear_model import LinearRegression
from comporta import Dataset, Features, Model, Project


def read():
    return pl.DataFrame({{"id": [*range(40)], "x": [*range(40)], "claims": [1] * 40, "y": [*range(40)]}})


def fit(X, y{takes}):
    return LinearRegression().fit(X, y)


seen = Dataset("seen", read, key="id")
model = Model("m", features=Features("f", of=seen, known=("x",)), target="y", fit=fit,
    {declared},
)
project = Project("p", models=(model,))
"""


@pytest.mark.parametrize(
    ("declared", "takes", "said"),
    [
        ('weight="claims"', ", *, sample_weight", None),
        ('weight="claims"', ", **more", None),
        ('weight="claims"', "", "weight: found fit(X, y), expected `def fit(X, y, *, sample_weight)`"),
        ('weight="nowhere"', ", *, sample_weight", "seen: found no column 'nowhere'"),
        ('group=""', "", "seen: found no column ''"),
    ],
)
def test_a_weight_that_cannot_be_is_a_fault_with_its_line(tmp_path, declared, takes, said):
    make(tmp_path, "p")
    (tmp_path / "project.py").write_text(PROJECT.format(declared=declared, takes=takes))
    with open_project(tmp_path) as opened:
        found = find_faults(opened)
        if said is not None:
            assert [(said in each.message, each.line) for each in found] == [(True, 17)]
            return
        assert found == ()
        (model,) = opened.project.models
        nodes = {each.run: each for each in build_nodes(model, tmp_path)}
        assert nodes["train.split"].params["weight"] == "claims"
        assert nodes["data.features"].params["keep"] == ["claims"]
        plain = {
            each.run: each for each in build_nodes(msgspec.structs.replace(model, weight=None), tmp_path)
        }
        assert plain["train.split"].params.keys() == {"split"}
