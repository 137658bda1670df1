"""Intervals of shares, held against published limits, statsmodels and how often they hold the truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn import metrics as theirs
from statsmodels.stats.proportion import proportion_confint

from comporta.stats.binomial import clopper_pearson
from comporta.stats.jackknife import quick_intervals
from comporta.stats.metrics import Seen, statistic
from comporta.stats.shares import metric_intervals, square_and_add

OF_LABELS = ("accuracy", "balanced_accuracy", "precision", "recall", "f1", "mcc")


def seen(truth, label, classes=2, weight=None):
    return Seen(
        classes=classes, truth=np.asarray(truth, np.int64), label=np.asarray(label, np.int64), weight=weight
    )


def one(name, was, **asked):
    (found,) = metric_intervals(was, [name], **asked)
    return found


@pytest.mark.parametrize(
    ("hits", "rows", "low", "high"),
    [(81, 263, 0.2527, 0.3676), (15, 148, 0.0578, 0.1617), (0, 20, 0, 0.1684), (1, 29, 0.0009, 0.1776)],
)
def test_clopper_and_pearsons_limits_are_those_of_newcombe_1998(hits, rows, low, high):
    # "Two-sided confidence intervals for the single proportion", table I, method 5.
    assert clopper_pearson(hits, rows - hits, 0.025) == pytest.approx((low, high), abs=5e-5)


def drawn(seed, rows, base, found, wrong=0.02):
    draw = np.random.default_rng(seed)
    truth = draw.random(rows) < base
    return seen(truth, np.where(truth, draw.random(rows) < found, draw.random(rows) < wrong))


@pytest.mark.parametrize(("name", "of"), [("recall", "truth"), ("precision", "label"), ("accuracy", "rows")])
def test_a_share_of_rows_has_the_exact_limits_of_statsmodels(name, of):
    was = drawn(0, 800, 0.1, 0.8)
    right = was.truth == was.label
    counts = {"truth": was.truth == 1, "label": was.label == 1, "rows": np.ones(800, bool)}[of]
    found = one(name, was)
    expected = proportion_confint(int(right[counts].sum()), int(counts.sum()), method="beta")
    assert (found.low, found.high) == pytest.approx(expected)
    assert found.value == statistic(name, was)(np.ones(800)) and found.units == 800


def test_f1_of_two_classes_has_the_exact_limits_of_the_jaccard_index():
    was = drawn(1, 900, 0.1, 0.8)
    index = theirs.jaccard_score(was.truth, was.label)
    rows = int(((was.truth == 1) | (was.label == 1)).sum())
    ends = proportion_confint(round(index * rows), rows, method="beta")
    found = one("f1", was)
    assert found.value == pytest.approx(theirs.f1_score(was.truth, was.label))
    assert (found.low, found.high) == pytest.approx([2 * end / (1 + end) for end in ends])


def test_a_mean_of_two_shares_is_put_together_by_zou_and_donners_squares():
    was = drawn(2, 700, 0.3, 0.8)
    found, parts = one("balanced_accuracy", was), []
    for kind in (0, 1):
        of = was.truth == kind
        hits = int((was.label[of] == kind).sum())
        parts.append((hits / of.sum(), *proportion_confint(hits, int(of.sum()), method="beta")))
    below = math.hypot(*(value - low for value, low, _ in parts)) / 2
    above = math.hypot(*(high - value for value, _, high in parts)) / 2
    assert (found.low, found.high) == pytest.approx((found.value - below, found.value + above))


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("name", OF_LABELS)
def test_labels_that_are_all_right_are_no_certainty(name, classes):
    truth = np.arange(90) % classes
    found = one(name, seen(truth, truth, classes))
    assert found.value == 1 and 0.8 < found.low < 0.97 and found.high == pytest.approx(1)
    none = one("recall", seen(truth, (truth + 1) % classes, classes))
    assert none.value == 0 and none.low == pytest.approx(0) and 0.03 < none.high < 0.2


@pytest.mark.parametrize("name", OF_LABELS)
def test_few_errors_of_many_rows_leave_limits_as_wide_as_the_bootstraps(name):
    was = drawn(3, 3000, 0.3, 0.8)
    found = one(name, was)
    (bootstrap,) = quick_intervals([statistic(name, was)], 3000)
    assert (found.high - found.low) / (bootstrap.high - bootstrap.low) == pytest.approx(1.03, abs=0.12)


def test_units_that_are_all_right_tell_as_much_as_there_are_units():
    truth = np.repeat([0, 1], 300)
    found = one("accuracy", seen(truth, truth), units=np.arange(600) % 40)
    assert found.low == pytest.approx(0.025 ** (1 / 40)) and found.units == 40


def test_rows_that_stand_there_three_times_in_a_unit_count_once():
    draw = np.random.default_rng(4)
    truth = np.repeat(draw.random(400) < 0.5, 3)
    label = np.where(np.repeat(draw.random(400) < 0.9, 3), truth, ~truth)
    found = one("accuracy", seen(truth, label), units=np.repeat(np.arange(400), 3))
    hits = int((truth == label).sum()) // 3
    assert (found.low, found.high) == pytest.approx(proportion_confint(hits, 400, method="beta"), abs=0.006)


def test_rows_of_unlike_weight_tell_as_much_as_fewer_of_like_weight():
    draw = np.random.default_rng(5)
    weight = draw.exponential(size=300)
    truth = draw.random(300) < 0.5
    found = one("accuracy", seen(truth, truth, weight=weight))
    kish = weight.sum() ** 2 / (weight**2).sum()
    assert found.low == pytest.approx(0.025 ** (1 / kish))
    some = one("accuracy", seen(truth, truth ^ (draw.random(300) < 0.2), weight=weight))
    alike = one("accuracy", seen(truth, truth ^ (draw.random(300) < 0.2)))
    assert some.high - some.low > 1.2 * (alike.high - alike.low)


def test_a_metric_without_a_divisor_has_no_interval():
    none = one("recall", seen(np.zeros(50), np.zeros(50)))
    assert math.isnan(none.value) and none.low is None
    assert (
        square_and_add(lambda values: math.log(values[0]) if values[0] else math.nan, [0.1], [(0, 1)]) is None
    )


@pytest.mark.parametrize(
    ("name", "base", "found", "truth"),
    [
        # 25 positives of 8,000 rows and a recall of 0.95: a limit of 0.99 was passed in 27 % of such parts.
        ("recall", 0.003, 0.95, 0.95),
        ("balanced_accuracy", 0.01, 0.9, 0.94),
        ("precision", 0.02, 0.9, 0.9 * 0.02 / (0.9 * 0.02 + 0.02 * 0.98)),
    ],
)
def test_the_limits_are_right_as_often_as_they_say_where_positives_are_few(name, base, found, truth):
    wrong = np.array(
        [
            (each.low is not None and each.low > truth, each.high is not None and each.high < truth)
            for each in (one(name, drawn(seed, 2000, base, found)) for seed in range(600))
        ]
    )
    # 15 of 600 are expected at each end at most; above 27 a rate of one in forty has a chance of one in 500.
    assert wrong.sum(axis=0).max() <= 27
