"""Intervals of the area under the ROC curve, held against scipy, Newcombe's, and how often they are right."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import optimize, stats
from sklearn.metrics import roc_auc_score

from comporta.stats.areas import apart_of_units, area_interval, placements, welch
from comporta.stats.bootstrap import Interval
from comporta.stats.clusters import Clusters
from comporta.stats.metrics import ScoredRows
from comporta.stats.paired import delong
from comporta.stats.shares import metric_intervals


def world(seed, plus, minus, area, kind="normal"):
    """Rows of two classes whose true area is this. wide: the positives spread 2.5 times as far; random: some
    of them are scored by lot, and all others on top."""
    draw = np.random.default_rng(seed)
    positive = np.arange(plus + minus) < plus
    score = draw.normal(size=plus + minus)
    if kind == "random":
        lot = draw.random(plus) < 2 * (1 - area)
        score[:plus] = np.where(lot, score[:plus], 99)
        return positive, score
    spread = 2.5 if kind == "wide" else 1.0
    score[:plus] = spread * score[:plus] + math.sqrt(1 + spread**2) * stats.norm.ppf(area)
    return positive, score


def test_the_spread_of_an_area_is_that_of_welchs_test_of_its_placements():
    positive, score = world(0, 30, 200, 0.8)
    won, lost = placements(positive, score.round(1))
    assert won.mean() == pytest.approx(roc_auc_score(positive, score.round(1)))
    assert lost.mean() == pytest.approx(won.mean())
    variance, half = welch(won, lost, 0.95)
    assert variance == pytest.approx(won.var(ddof=1) / 30 + lost.var(ddof=1) / 200)
    ends = stats.ttest_ind(won, lost, equal_var=False).confidence_interval()
    assert half == pytest.approx((ends.high - ends.low) / 2)


def test_of_many_rows_it_is_newcombes_score_interval():
    positive, score = world(1, 1500, 1500, 0.8)
    found = area_interval(positive, score)

    def away(area):
        # Newcombe 2006, part 2, method 5, with z = 1.96.
        spread = (1 - area) / (2 - area) + area / (1 + area)
        return (found.value - area) ** 2 - 1.959964**2 * area * (1 - area) / 1500**2 * (1 + 1499 * spread)

    newcombe = optimize.brentq(away, 0.5, found.value), optimize.brentq(away, found.value, 1)
    assert (found.low, found.high) == pytest.approx(newcombe, abs=2e-3)


def test_positives_that_are_all_on_top_are_no_certainty():
    positive = np.arange(2000) < 20
    found = area_interval(positive, positive.astype(float))
    assert found.value == 1 == found.high
    # One kind of positive in six may have been missed, and stand below all others.
    assert found.low == pytest.approx(0.025 ** (1 / 20), abs=1e-4)
    worst = area_interval(positive, -positive.astype(float))
    assert worst.value == 0 == worst.low and worst.high == pytest.approx(1 - 0.025 ** (1 / 20), abs=1e-4)


def test_one_row_of_a_class_has_no_interval_and_none_no_value():
    one = area_interval(np.arange(50) < 1, np.arange(50.0))
    assert one.value == 0 and one.low is None
    assert math.isnan(area_interval(np.zeros(50, bool), np.arange(50.0)).value)


@pytest.mark.parametrize("plus", [3, 10, 50])
@pytest.mark.parametrize(("area", "kind"), [(0.7, "wide"), (0.9, "normal"), (0.99, "random")])
def test_a_model_at_its_limit_passes_no_oftener_than_it_may_however_few_positives_there_are(plus, area, kind):
    found = [area_interval(*world(seed, plus, 400, area, kind)) for seed in range(300)]
    # 7.5 are expected of 300; above 15 a rate of one in forty has a chance of one in 200.
    assert sum(each.low is not None and each.low > area for each in found) <= 15
    assert sum(each.high is not None and each.high < area for each in found) <= 15


def test_two_or_three_of_thirty_positives_that_stand_low_by_chance_refuse_no_model_too_often():
    found = [area_interval(*world(seed, 30, 1_000, 0.99, "random")) for seed in range(1_000)]
    # 25 are expected of a rate of one in forty; without Clopper and Pearson's limit above it is 35.
    assert sum(each.high is not None and each.high < 0.99 for each in found) <= 20


def test_above_it_reaches_as_far_as_an_exact_share_of_the_rows_that_it_is_worth():
    # All negatives alike: the area is the share of positives on top, and each stands at 0 or 1.
    hits, rows = 27, 30
    positive = np.arange(rows + 500) < rows
    score = np.where(np.arange(rows + 500) < hits, 2.0, np.where(positive, 0.0, 1.0))
    found = area_interval(positive, score)
    exact = stats.binomtest(hits, rows - 1).proportion_ci(method="exact")
    # The variance of a sample, not of a population: of 29 rows.
    size = found.value * (1 - found.value) / welch(*placements(positive, score), 0.95)[0]
    assert size == pytest.approx(rows - 1)
    assert found.high >= stats.beta.ppf(0.975, found.value * size + 1, (1 - found.value) * size)
    assert found.high > exact.high - 0.03


@pytest.mark.parametrize("plus", [5, 20, 100])
def test_a_challenger_that_scores_some_positives_by_lot_is_not_within_what_it_loses(plus):
    within = 0
    for seed in range(300):
        positive, champion = world(seed, plus, 400, 0.99)
        draw = np.random.default_rng([1, seed])
        challenger = np.where(
            positive & (draw.random(len(champion)) < 0.02), draw.normal(size=len(champion)), champion
        )
        # It loses 0.02 of the positives, and of each about 0.49: a margin of half of that is passed by none.
        within += delong(positive, challenger, champion).low >= -0.005
    assert within <= 15


def seen(truth, score, weight=None):
    chance = 1 / (1 + np.exp(-score))
    return ScoredRows(
        classes=2,
        truth=truth.astype(np.int64),
        probability=np.column_stack([1 - chance, chance]),
        weight=weight,
    )


def test_of_units_what_was_not_seen_is_counted_in_units():
    positive = np.arange(600) % 2 == 0
    units = np.arange(600) // 20
    (found,) = metric_intervals(seen(positive, 9.0 * positive), ["roc_auc"], clusters=Clusters(unit=units))
    assert found.value == 1 and found.units == 30
    assert found.low == pytest.approx(1 - math.sqrt(2) * (1 - 0.025 ** (1 / 30)))
    weight = np.random.default_rng(0).exponential(size=600)
    (weighed,) = metric_intervals(seen(positive, 9.0 * positive, weight), ["roc_auc"])
    (alike,) = metric_intervals(seen(positive, 9.0 * positive), ["roc_auc"])
    assert weighed.low < alike.low < 1


def test_two_models_of_units_that_score_alike_are_not_shown_to_be_equal():
    positive = np.arange(600) % 2 == 0
    was = seen(positive, np.random.default_rng(0).normal(size=600))
    none = Interval(value=0.0, low=None, high=None, units=30)
    units, area = np.arange(600) // 20, roc_auc_score(positive, was.probability[:, 1])
    found = apart_of_units(none, was, was, Clusters(unit=units))
    assert found.high == pytest.approx(area * math.sqrt(2) * (1 - 0.025 ** (1 / 30)))
    assert found.low == -found.high
    varied = Interval(value=0.1, low=None, high=None, units=30)
    assert apart_of_units(varied, was, was, Clusters(unit=units)).low is None


def test_rows_of_units_that_are_not_alike_are_worth_as_much_as_rows():
    positive, score = world(2, 300, 300, 0.9)
    units = np.random.default_rng(0).integers(0, 20, 600)
    (found,) = metric_intervals(seen(positive, score), ["roc_auc"], clusters=Clusters(unit=units))
    alone = area_interval(positive, score)
    assert (found.high - found.low) / (alone.high - alone.low) == pytest.approx(1, abs=0.35)


def test_one_score_for_all_rows_is_half_an_area_whatever_units_they_come_in():
    positive, units = np.arange(600) % 3 == 0, np.arange(600) // 2
    (found,) = metric_intervals(seen(positive, np.zeros(600)), ["roc_auc"], clusters=Clusters(unit=units))
    assert found.value == 0.5
    assert 0.4 < found.low < 0.5 < found.high < 0.6
    (alone,) = metric_intervals(
        seen(positive, np.zeros(600)), ["roc_auc"], clusters=Clusters(unit=np.zeros(600, dtype=np.int64))
    )
    assert alone.low is None, "one unit tells nothing"
