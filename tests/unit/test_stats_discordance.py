"""The difference of two models' labels is open by what few rows can show, whatever resamples of them show."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from comporta.acts.judge.evidence import evidence_of
from comporta.checks import judge, no_worse
from comporta.checks.champion.measure import versus
from comporta.records.columns import KEY, LABEL, TARGET
from comporta.stats.bootstrap import Interval
from comporta.stats.discordance import with_discordance
from comporta.stats.jackknife import quick_intervals
from comporta.stats.metrics import Seen, statistic
from comporta.stats.paired import tango

OF_LABELS = ("accuracy", "balanced_accuracy", "precision", "recall", "f1", "mcc")
NO_SPREAD = Interval(value=0.0, low=None, high=None, units=1000)


def seen(truth, label, classes=2, weight=None):
    return Seen(
        classes=classes, truth=np.asarray(truth, np.int64), label=np.asarray(label, np.int64), weight=weight
    )


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("metric", OF_LABELS)
def test_two_models_that_say_the_same_of_few_rows_are_not_shown_to_be_equal(metric, classes):
    truth = np.arange(300) % classes
    label = np.where(np.arange(300) % 10 == 0, (truth + 1) % classes, truth)
    found = with_discordance(metric, seen(truth, label, classes), seen(truth, label, classes), NO_SPREAD)
    assert found.value == 0 and -0.1 < found.low < -0.008 and 0.008 < found.high < 0.1


def test_the_share_of_right_answers_has_tangos_ends():
    truth = np.zeros(500, np.int64)
    one, other = truth.copy(), truth.copy()
    one[:4], other[4:10] = 1, 1
    apart = Interval(value=2 / 500, low=None, high=None, units=500)
    found = with_discordance("accuracy", seen(truth, one), seen(truth, other), apart)
    assert (found.low, found.high) == (None, None), "what varies and was not resampled has no interval"
    drawn = Interval(value=2 / 500, low=0.0, high=2 / 500, units=500)
    found = with_discordance("accuracy", seen(truth, one), seen(truth, other), drawn)
    assert (found.low, found.high) == pytest.approx(tango(6, 4, 500))


def test_balanced_accuracy_is_put_together_from_the_ends_of_each_class():
    truth = np.repeat([0, 1], [400, 100])
    one, other = truth.copy(), truth.copy()
    one[:3], other[400:402] = 1, 0
    drawn = Interval(value=(2 / 100 - 3 / 400) / 2, low=0.0, high=0.01, units=500)
    found = with_discordance("balanced_accuracy", seen(truth, one), seen(truth, other), drawn)
    parts = [(-3 / 400, *tango(0, 3, 400)), (2 / 100, *tango(2, 0, 100))]
    below = np.hypot(*(value - low for value, low, _ in parts)) / 2
    above = np.hypot(*(high - value for value, _, high in parts)) / 2
    assert (found.low, found.high) == pytest.approx((drawn.value - below, drawn.value + above))


@pytest.mark.parametrize("metric", OF_LABELS)
def test_where_many_rows_part_two_models_it_is_about_as_wide_as_the_resamples_make_it(metric):
    draw = np.random.default_rng(0)
    truth = draw.random(2000) < 0.4
    one, other = (truth ^ (draw.random(2000) < 0.15) for _ in range(2))
    a, b = (statistic(metric, seen(truth, each)) for each in (one, other))
    (drawn,) = quick_intervals([lambda w: a(w) - b(w)], 2000, seed=1)
    found = with_discordance(metric, seen(truth, one), seen(truth, other), drawn)
    assert 1 <= (found.high - found.low) / (drawn.high - drawn.low) < 1.15


def test_units_without_a_disagreement_tell_as_much_as_there_are_units():
    truth = np.arange(600) % 2
    same, units = seen(truth, truth), np.arange(600) % 30
    none = Interval(value=0.0, low=None, high=None, units=30)
    found = with_discordance("accuracy", same, same, none, units=units)
    assert (found.low, found.high) == pytest.approx(tango(0, 0, 30))
    wide = with_discordance("f1", same, same, none, units=units)
    assert wide.low < found.low / 2


def test_whole_groups_that_part_two_models_count_as_groups():
    draw = np.random.default_rng(2)
    units, truth = np.repeat(np.arange(100), 20), draw.random(2000) < 0.5
    other = np.where(np.isin(units, (3, 50)), ~truth, truth)
    gap = (truth == truth).astype(float) - (other == truth)
    sums = np.bincount(units, gap) / 20
    (drawn,) = quick_intervals([lambda w: float(w @ sums / w.sum())], 100, seed=0)
    found = with_discordance("accuracy", seen(truth, truth), seen(truth, other), drawn, units=units)
    low, high = tango(2, 0, 100)
    assert found.low <= low + 0.01 and found.high >= high - 0.01, "rows would tell 0.02 [0.015, 0.027]"


def labels(truth, label):
    words = pl.Enum(["no", "yes"])
    return pl.DataFrame(
        {
            KEY: np.arange(len(truth)).astype(str),
            TARGET: np.where(truth, "yes", "no"),
            LABEL: pl.Series(np.where(label, "yes", "no"), dtype=words),
        }
    )


def test_a_candidate_that_says_the_same_is_neither_shown_to_be_within_a_small_margin_nor_refused():
    truth = np.random.default_rng(1).random(400) < 0.1
    found = versus(labels(truth, truth), labels(truth, truth), "f1")
    for on, expected in (("interval", "inconclusive"), ("fault", "pass")):
        check = no_worse("f1", margin=0.01, on=on)
        (need,) = check.needs()
        assert judge((check,), {need: evidence_of(need, found)})[0].outcome == expected


def test_positives_that_few_test_parts_lose_are_within_a_margin_no_oftener_than_they_may_be():
    within = []
    for seed in range(400):
        draw = np.random.default_rng(seed)
        truth = draw.random(400) < 0.1
        # The candidate loses four points of its recall, and so two of the metric: twice the margin.
        mine, theirs = seen(truth, truth & (draw.random(400) >= 0.04)), seen(truth, truth)
        apart = statistic("balanced_accuracy", mine)(np.ones(400)) - 1
        drawn = Interval(value=apart, low=apart if apart else None, high=apart if apart else None, units=400)
        within.append(with_discordance("balanced_accuracy", mine, theirs, drawn).low >= -0.01)
    # A fifth of the parts lose none: resamples of these did not vary, and passed. One in forty is 10 of 400.
    assert sum(within) <= 16
