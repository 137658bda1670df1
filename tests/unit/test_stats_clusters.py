"""Rows that hang together: in few and unequal groups, by day, in two ways, and by being alike."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from scipy import stats

from comporta.opened.sentences import sentence
from comporta.stats.clusters import Clusters, clusters_of
from comporta.stats.jackknife import quick_intervals
from comporta.stats.lasting import variance_factor
from comporta.stats.means import mean_of as mean_of_units
from comporta.stats.metrics import ScoredRows
from comporta.stats.shares import metric_intervals
from comporta.stats.units import effective, free_of_sizes, units_of

START = datetime(2025, 1, 1, tzinfo=UTC)


def mean_of(values):
    return lambda weights: float(weights @ values / weights.sum()) if weights.sum() > 0 else np.nan


def interval(values, **clusters):
    (found,) = quick_intervals([mean_of(values)], len(values), clusters=Clusters(**clusters))
    return found


def wrong(world, seeds):
    """How often the truth 0 lies below, and above, the interval of what `world` draws."""
    below = above = 0
    for seed in range(seeds):
        values, clusters = world(np.random.default_rng(seed))
        found = interval(values, **clusters)
        below += found.low > 0
        above += found.high < 0
    return below / seeds, above / seeds


def width(drawn):
    values, clusters = drawn
    found = interval(values, **clusters)
    return found.high - found.low


@pytest.mark.parametrize("count", [2, 3, 5, 30])
def test_few_groups_cover_what_a_bootstrap_of_them_cannot_reach(count):
    def world(draw):
        group = np.arange(600) % count
        return draw.normal(size=count)[group] + draw.normal(size=600), {"unit": group}

    # 2.5 % on each side; 7 % of 300 has a chance of one in 10,000.
    assert max(wrong(world, 300)) <= 0.07


def test_unequal_groups_count_as_the_equal_ones_that_tell_as_much():
    sizes = np.maximum(1, np.random.default_rng(0).lognormal(0, 1, 30) * 20).astype(int)
    group = np.repeat(np.arange(30), sizes)
    assert effective(group) == pytest.approx(sizes.sum() ** 2 / (sizes**2).sum()) and effective(group) < 18

    def world(draw):
        return draw.normal(size=30)[group] + draw.normal(size=len(group)), {"unit": group}

    assert max(wrong(world, 300)) <= 0.07
    assert effective(np.arange(40) % 8) == pytest.approx(8)


@pytest.mark.parametrize("sizes", [[7] * 5, [1, 2, 3, 4, 50], [30, 10, 10, 5, 5, 1], [5, 5, 90]])
def test_degrees_of_freedom_are_those_of_the_quadratic_form_that_the_variance_is(sizes):
    share = np.array(sizes) / sum(sizes)
    pulls = np.diag(share / (1 - share)) @ (np.outer(np.ones(len(share)), share) - np.eye(len(share)))
    free = []
    for spread in (np.ones(len(share)), 1 / share):
        form = pulls.T @ pulls @ np.diag(spread)
        free.append(np.trace(form) ** 2 / np.trace(form @ form))
    assert free_of_sizes(np.array(sizes)) == pytest.approx(max(min(free), 1.0))


@pytest.mark.parametrize("mean_of_group", ["normal", "uniform"])
def test_two_groups_hold_the_truth_also_where_their_means_are_even(mean_of_group):
    def world(draw):
        means = draw.normal(size=2) if mean_of_group == "normal" else draw.uniform(-1, 1, 2)
        return means[np.arange(10) % 2], {"unit": np.arange(10) % 2}

    # 2.5 % on each side; 5 % of 500 has a chance of one in 1,000.
    assert max(wrong(world, 500)) <= 0.05


def test_the_interval_of_equal_groups_is_that_of_a_t_test_of_their_means():
    draw = np.random.default_rng(2)
    group = np.arange(200) % 10
    values = draw.normal(size=200) + draw.normal(size=10)[group]
    found = interval(values, unit=group)
    test = stats.ttest_1samp([values[group == each].mean() for each in range(10)], 0).confidence_interval(
        0.95
    )
    skew = stats.skew([values[group == each].mean() for each in range(10)])
    near = found.low if skew > 0 else found.high
    assert near == pytest.approx(test.low if skew > 0 else test.high), "the side that is not skewed"
    far = (found.high, test.high) if skew > 0 else (-found.low, -test.low)
    assert far[0] > far[1]


def test_the_error_of_two_ways_is_statsmodels_of_both_clusters():
    draw = np.random.default_rng(0)
    group, day = draw.integers(0, 40, 2000), draw.integers(0, 40, 2000)
    values = draw.normal(size=2000) + draw.normal(size=40)[group] + draw.normal(size=40)[day]
    fit = sm.OLS(values, np.ones(2000)).fit(
        cov_type="cluster", cov_kwds={"groups": np.column_stack([group, day]), "use_correction": False}
    )
    found = interval(values, unit=group, day=day)
    half = max(found.high - found.value, found.value - found.low)
    free = free_of_sizes(np.bincount(group))
    assert half / stats.t.ppf(0.975, free) == pytest.approx(float(fit.bse[0]), rel=0.25)
    assert found.units == 40


def test_a_group_does_not_hide_the_shocks_of_days():
    def world(draw):
        group, day = draw.integers(0, 200, 1000), draw.integers(0, 30, 1000)
        values = draw.normal(size=1000) + 0.3 * draw.normal(size=200)[group] + 0.5 * draw.normal(size=30)[day]
        _, group = np.unique(group, return_inverse=True)
        return values, {"unit": group, "day": day}

    assert max(wrong(world, 80)) <= 0.1

    def hidden(draw):
        values, clusters = world(draw)
        return values, {"unit": clusters["unit"]}

    assert max(wrong(hidden, 60)) >= 0.15, "as it was with the group alone"


def days_that_last(draw, days=60, stays=0.8):
    shock = draw.normal(size=days + 50)
    for day in range(1, days + 50):
        shock[day] = stays * shock[day - 1] + np.sqrt(1 - stays**2) * shock[day]
    day = np.sort(np.arange(1200) % days)
    return shock[50:][day] + draw.normal(size=1200), {"day": day}


def test_days_that_are_like_the_day_before_tell_less_than_their_number():
    assert max(wrong(days_that_last, 200)) <= 0.07
    lasting, independent = (
        np.mean([width(days_that_last(np.random.default_rng(seed), 60, stays)) for seed in range(30)])
        for stays in (0.8, 0.0)
    )
    assert lasting > 2 * independent


def test_few_days_that_last_hold_the_truth_and_days_that_differ_by_chance_stay_narrow():
    def world(draw):
        return days_that_last(draw, 14)

    assert max(wrong(world, 100)) <= 0.08
    by_chance = [np.random.default_rng(seed).normal(size=1200) for seed in range(30)]
    alone, in_days = (
        np.array([width((each, clusters)) for each in by_chance])
        for clusters in ({}, {"day": np.arange(1200) // 86})
    )
    assert np.median(in_days / alone) < 1.3 and np.quantile(in_days / alone, 0.8) < 1.6


@pytest.mark.parametrize("metric", ["accuracy", "f1", "roc_auc", "average_precision"])
def test_a_metric_of_twenty_days_without_shocks_is_told_nearly_as_well_as_of_independent_rows(metric):
    def ratio(seed):
        draw = np.random.default_rng(seed)
        truth = (draw.random(400) < 0.4).astype(int)
        label = truth ^ (draw.random(400) < 0.15)
        chance = 0.2 + 0.4 * label + 0.2 * draw.random(400)
        seen = ScoredRows(
            classes=2, truth=truth, label=label, probability=np.column_stack([1 - chance, chance])
        )
        widths = [
            found.high - found.low
            for clusters in (Clusters(day=np.arange(400) // 20), Clusters())
            for found in metric_intervals(seen, [metric], clusters=clusters)
        ]
        return widths[0] / widths[1]

    ratios = [ratio(seed) for seed in range(20)]
    assert np.median(ratios) < 1.4 and np.quantile(ratios, 0.8) < 2


def test_a_shock_that_stays_makes_the_variance_of_an_arma_and_chance_within_days_does_not_last():
    draw = np.random.default_rng(3)
    shock = np.zeros(5000)
    for day in range(1, 5000):
        shock[day] = 0.8 * shock[day - 1] + 0.6 * draw.normal()
    # Of independent days 1, of an AR(0.8) (1 + 0.8) / (1 - 0.8) = 9; half of it by chance, 1 + 0.5 * 8 = 5.
    assert variance_factor(shock, 0.0) == pytest.approx(9, rel=0.2)
    mixed = shock + draw.normal(size=5000)
    assert 4.5 < variance_factor(mixed, 5000.0) < 6.5, "too large rather than too small"
    assert variance_factor(draw.normal(size=5000), 5500.0) == 1.0


def table(rows, draw, **more):
    return pl.DataFrame(
        {"a": draw.normal(size=rows), "b": draw.normal(size=rows), "c": draw.integers(0, 3, rows), **more}
    )


def test_rows_that_repeat_count_once_and_the_reader_is_told():
    once = table(200, np.random.default_rng(0))
    found = clusters_of(pl.concat([once] * 5), None)
    assert found.day is None and found.unit.max() == 199
    assert (np.bincount(found.unit) == 5).all()
    assert sentence(found.note) == "of which 200 differ"
    assert clusters_of(table(1000, np.random.default_rng(1)), None) == Clusters()


def test_rows_of_few_values_that_are_alike_by_chance_are_no_copies():
    draw = np.random.default_rng(0)
    few = pl.DataFrame({name: draw.integers(0, 3, 3000) for name in "abcd"})
    assert clusters_of(few, None) == Clusters()
    shop = draw.integers(0, 3, 3000)
    assert clusters_of(pl.DataFrame({"size": shop * 10.0, "town": shop + 0.5}), None) == Clusters()


def test_a_mean_of_unequal_groups_has_the_jackknife_s_error_in_closed_form():
    draw = np.random.default_rng(0)
    group = np.repeat(np.arange(12), np.arange(1, 13) ** 2)
    values = draw.normal(size=len(group)) + draw.normal(size=12)[group]
    found = mean_of_units(values, group)
    left = np.array([values[group != each].mean() for each in range(12)])
    error = np.sqrt(11 / 12 * ((left - values.mean()) ** 2).sum())
    half = stats.t.ppf(0.975, free_of_sizes(np.bincount(group))) * error
    assert (found.low, found.high) == pytest.approx((values.mean() - half, values.mean() + half))
    assert found.units == 12


def at(days, rows=400):
    return pl.Series([START + timedelta(days=int(day)) for day in np.arange(rows) * days // rows])


def test_three_days_are_resampled_whole_and_of_fewer_the_reader_is_told():
    draw = np.random.default_rng(0)
    week = clusters_of(table(400, draw, __at=at(7)), None)
    assert week.day.max() == 6 and week.note is None
    assert units_of(table(400, draw, __at=at(3)), None).max() == 2
    for days, told in ((1, "of one day, taken as independent"), (2, "of 2 days, taken as independent")):
        found = clusters_of(table(400, draw, __at=at(days)), None)
        assert found.day is None and sentence(found.note) == told
    spilled = [START] * 396 + [START + timedelta(days=day) for day in (1, 2, 3, 4)]
    assert units_of(table(400, draw, __at=spilled), None) is None, "nearly all rows are of one day"


def test_a_way_that_lies_within_the_other_is_left_out():
    draw = np.random.default_rng(0)
    day = np.arange(400) // 20
    within = clusters_of(table(400, draw, __at=at(20), __keep_who=np.arange(400) // 4), "who")
    assert within.unit is None and (within.day == day).all()
    around = clusters_of(table(400, draw, __at=at(20), __keep_who=day // 4), "who")
    assert around.day is None and around.unit.max() == 4
    across = clusters_of(table(400, draw, __at=at(20), __keep_who=np.arange(400) % 7), "who")
    assert across.unit is not None and across.day is not None
    assert sentence(across.note) == "in 7 groups and 20 days"
    few = clusters_of(table(400, draw, __at=at(4), __keep_who=np.arange(400) % 7), "who")
    assert few.day is None and few.unit.max() == 6
    assert sentence(few.note) == "in 7 groups, whose 4 days are taken as independent"
