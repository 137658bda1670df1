"""Ends of metrics that have a bound."""

import math

import numpy as np
import pytest

from comporta.stats.bootstrap import Interval
from comporta.stats.clusters import Clusters
from comporta.stats.metrics import ScoredRows
from comporta.stats.scales import on_scale
from comporta.stats.shares import metric_intervals


def interval(value, low, high, units=100):
    return Interval(value=value, low=low, high=high, units=units)


def test_a_loss_reaches_further_up_and_an_r2_further_down():
    loss = on_scale(interval(1.0, 0.5, 1.5), "mae")
    assert (loss.low, loss.high) == pytest.approx((0.5, math.exp(0.5)))
    assert on_scale(interval(1.0, -0.5, 2.5), "rmse").low == 0.0
    r2 = on_scale(interval(0.6, 0.4, 0.8), "r2")
    assert (r2.low, r2.high) == pytest.approx((1 - 0.4 * math.exp(0.5), 0.8))


def test_an_area_stays_between_its_bounds_and_reaches_further_from_the_nearer():
    found = on_scale(interval(0.9, 0.8, 1.2), "roc_auc")
    moved = 9 * math.exp(-0.1 / 0.09)
    assert (found.low, found.high) == (pytest.approx(moved / (1 + moved)), 1.0)
    assert found.low < 0.8


def test_what_has_no_bound_or_no_interval_stays():
    for metric, each in (("mcc", interval(0.5, 0.1, 0.9)), ("mae", interval(1.0, None, None))):
        assert on_scale(each, metric) == each


def test_a_loss_of_few_groups_reaches_as_far_as_if_it_were_skewed_though_these_are_not():
    reach = {units: on_scale(interval(10.0, 9.9, 10.1, units), "mae").high - 10 for units in (3, 10, 30, 60)}
    assert (
        reach[3] > reach[10] > 0.13 and 0.12 < reach[30] < reach[10] and reach[60] == pytest.approx(0.1, 0.01)
    )
    assert on_scale(interval(0.5, 0.49, 0.51, 10), "r2").low == pytest.approx(0.5 - reach[10] / 10, abs=1e-3)
    above = 0
    for seed in range(300):
        draw = np.random.default_rng(seed)
        group = np.arange(300) % 10
        loss = 1 + 0.1 * draw.normal(size=10)[group] ** 2 + 0.4 * draw.normal(size=300)
        seen = ScoredRows(classes=0, truth=loss, number=np.zeros(300))
        (found,) = metric_intervals(seen, ["mae"], clusters=Clusters(unit=group))
        above += found.high < 1.1
    assert above / 300 <= 0.055, "2.5 % are nominal; more than 16 of 300 has a chance of one in 200"


def test_few_groups_of_losses_that_are_skewed_miss_the_truth_less_often():
    above = plain = 0
    for seed in range(200):
        draw = np.random.default_rng(seed)
        group = np.arange(400) % 8
        loss = draw.lognormal(0, 0.7, 8)[group] * draw.uniform(0.5, 1.5, 400)
        seen = ScoredRows(classes=0, truth=loss, number=np.zeros(400))
        (found,) = metric_intervals(seen, ["mae"], clusters=Clusters(unit=group))
        true, means = math.exp(0.245), np.array([loss[group == each].mean() for each in range(8)])
        above += found.high < true
        plain += means.mean() + 2.365 * means.std(ddof=1) / math.sqrt(8) < true
    assert above <= 0.6 * plain and above / 200 <= 0.08
