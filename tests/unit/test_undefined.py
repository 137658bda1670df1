"""A quotient without a divisor has no value: no figure, no resample, and no check that passes on it."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
import sklearn.metrics as theirs
from hypothesis import given, settings
from hypothesis import strategies as st

from comporta.acts.judge.evidence import evidence_of_scores
from comporta.checks import at_least, judge
from comporta.checks.calibration.measure import calibration
from comporta.checks.fairness.measure import compare
from comporta.opened.sentences import sentence
from comporta.records import Artifact
from comporta.records.columns import TARGET
from comporta.stats.bootstrap import intervals
from comporta.stats.metrics import Seen, statistic
from comporta.stats.predictions import statistics
from comporta.train.scores import measure_scores

QUOTIENTS = {
    "recall": theirs.recall_score,
    "precision": theirs.precision_score,
    "f1": theirs.f1_score,
}


@pytest.mark.parametrize("name", [*QUOTIENTS, "balanced_accuracy"])
@settings(max_examples=60)
@given(st.integers(2, 3), st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=6))
def test_a_quotient_is_not_defined_where_scikit_learn_finds_a_zero_division(name, classes, pairs):
    """scikit-learn is asked class by class: its own mean over classes leaves out those without a divisor,
    and so is of other classes in each slice."""
    truth, label = (np.array([each[place] % classes for each in pairs]) for place in (0, 1))
    ours = statistic(name, Seen(classes=classes, truth=truth, label=label))(np.ones(len(truth)))
    measure = QUOTIENTS.get(name, theirs.recall_score)
    each = measure(truth, label, labels=range(classes), average=None, zero_division=np.nan)
    wanted = each[1] if classes == 2 and name in QUOTIENTS else each.mean()
    assert ours == pytest.approx(wanted, nan_ok=True)


@pytest.mark.parametrize(
    ("truth", "label"), [([0, 0, 0], [0, 1, 0]), ([0, 1, 0], [1, 1, 1]), ([1, 1, 1], [1, 1, 1])]
)
def test_mcc_is_not_defined_where_nothing_varies_together(truth, label):
    """scipy's correlation of the same numbers is not defined either."""
    from scipy import stats

    with pytest.warns(stats.ConstantInputWarning):
        assert math.isnan(stats.pearsonr(truth, label).statistic)
    seen = Seen(classes=2, truth=np.array(truth), label=np.array(label))
    assert math.isnan(statistic("mcc", seen)(np.ones(3)))


@pytest.mark.parametrize("value", [0.1, 1e9 + 0.1, 0.0])
def test_r2_of_a_target_that_does_not_vary_is_not_defined_whatever_the_rounding(value):
    truth = np.array([value] * 7 + [value + 1])
    r2 = statistic("r2", Seen(classes=0, truth=truth, number=truth + 0.5))
    assert r2(np.ones(8)) == pytest.approx(theirs.r2_score(truth, truth + 0.5), rel=1e-6)
    assert math.isnan(r2(np.array([3.0] * 7 + [0.0])))


def test_a_percentage_of_a_truth_of_zero_is_not_defined_and_the_other_rows_are_measured():
    truth = np.array([0.0, 2.0, 4.0])
    mape = statistic("mape", Seen(classes=0, truth=truth, number=truth + 1))
    assert math.isnan(mape(np.ones(3)))
    assert mape(np.array([0.0, 1, 1])) == pytest.approx(
        theirs.mean_absolute_percentage_error(truth[1:], truth[1:] + 1)
    )


def predictions(truth, label, region=None):
    kind = pl.Enum(["0", "1"])
    columns = {TARGET: truth, "__label": pl.Series([str(each) for each in label], dtype=kind)}
    chance = pl.Series(label).cast(pl.Float64) * 0.8 + 0.1
    columns |= {"__probability_0": 1 - chance, "__probability_1": chance}
    return pl.DataFrame(columns | ({} if region is None else {"region": region}))


def verdict(check, rows, slices=()):
    scores = measure_scores(rows, (), slices, also=tuple({each.metric for each in check.needs()}))
    artifact = Artifact(digest="0" * 64, kind="json", size=1)
    return judge([check], {need: evidence_of_scores(need, scores, artifact) for need in check.needs()})[0]


SAID = {
    "recall": "no row is of the class 1",
    "precision": "no row was predicted to be of the class 1",
    "f1": "no row is, or was predicted to be, of the class 1",
    "balanced_accuracy": "no row is of the class 1",
    "mcc": "all rows are of one class",
    "roc_auc": "no row is of the class 1",
    "average_precision": "no row is of the class 1",
}


@pytest.mark.parametrize(("metric", "why"), SAID.items())
def test_a_slice_of_one_class_leaves_a_check_inconclusive_and_says_why(metric, why):
    draw = np.random.default_rng(0)
    truth = draw.integers(0, 2, 400)
    label = np.where(draw.random(400) < 0.95, truth, 1 - truth)
    region = np.where(np.arange(400) < 60, "north", "south")
    truth[:60] = label[:60] = 0
    found = verdict(at_least(metric, 0.6, by="region"), predictions(truth, label, region), ["region"])
    assert found.outcome == "inconclusive"
    assert f"{metric} region=north: not defined: {why}." in sentence(found.reason)
    found = verdict(at_least(metric, 0.6), predictions(truth[:60], label[:60]))
    assert found.outcome == "inconclusive" and found.figure is None
    assert why in sentence(found.reason)


def test_mcc_at_least_zero_passes_on_nothing():
    truth = np.arange(200) % 2
    found = verdict(at_least("mcc", 0.0), predictions(truth, np.ones(200, int)))
    assert found.outcome == "inconclusive"
    assert "all rows were predicted to be of one class" in sentence(found.reason)


def test_resamples_without_a_divisor_count_as_no_value_and_not_as_zero():
    """One positive row, found: recall is 1 in every resample that holds it, and has no value in the third
    that do not, so that there is no interval; with zeros it would reach down to 0."""
    rows = predictions([1] + [0] * 99, [1] + [0] * 99)
    (recall,) = intervals(statistics(rows, ["recall"]), 100)
    assert (recall.value, recall.low, recall.high) == (1.0, None, None)


@pytest.mark.parametrize("measure", [calibration, lambda rows: compare(rows, ["region"], "calibration")])
def test_numbers_whose_truth_does_not_vary_are_not_told_in_its_deviations(measure):
    rows = pl.DataFrame({TARGET: [0.1] * 100, "__prediction": [0.2] * 100, "region": ["a", "b"] * 50})
    found = measure(rows)
    assert not found.figures
    assert [sentence(each.why) for each in found.unmeasured] == [
        "not defined: the target is the same in all rows"
    ]
    assert not found.without
