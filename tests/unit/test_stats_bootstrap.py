import math

import numpy as np
import pytest
from scipy import stats

from comporta.checks import judge, no_worse
from comporta.records import Evidence, Figure
from comporta.stats.bootstrap import intervals, replicates_for
from comporta.stats.jackknife import quick_intervals
from comporta.stats.metrics import Seen, statistic


def mean_of(values):
    return lambda weights: float(weights @ values / weights.sum())


def test_the_interval_of_a_skewed_mean_is_scipy_s_bca():
    values = np.random.default_rng(0).exponential(size=300)
    (ours,) = intervals([mean_of(values)], 300, replicates=4000, seed=1)
    scipy = stats.bootstrap((values,), np.mean, n_resamples=4000, method="BCa", rng=np.random.default_rng(2))
    width = scipy.confidence_interval.high - scipy.confidence_interval.low
    assert ours.value == pytest.approx(values.mean())
    assert ours.low == pytest.approx(scipy.confidence_interval.low, abs=0.05 * width)
    assert ours.high == pytest.approx(scipy.confidence_interval.high, abs=0.05 * width)
    assert ours.high - ours.value > ours.value - ours.low, "BCa follows the skew"


def test_the_interval_of_an_auc_is_as_wide_as_delong_s():
    draw = np.random.default_rng(3)
    truth = (np.arange(400) % 2).astype(np.int64)
    score = draw.normal(size=400) + truth
    seen = Seen(classes=2, truth=truth, probability=np.column_stack([-score, score]))
    (ours,) = intervals([statistic("roc_auc", seen)], 400, replicates=2000)
    plus, minus = score[truth == 1], score[truth == 0]
    wins = (plus[:, None] > minus[None, :]).astype(float)
    # DeLong, DeLong and Clarke-Pearson 1988, equation 5.
    deviation = math.sqrt(wins.mean(1).var(ddof=1) / len(plus) + wins.mean(0).var(ddof=1) / len(minus))
    assert ours.value == pytest.approx(wins.mean())
    assert (ours.high - ours.low) / (2 * 1.96 * deviation) == pytest.approx(1, abs=0.08)


def test_an_interval_covers_the_truth_as_often_as_it_says():
    truth = (np.arange(120) % 2).astype(np.int64)
    expected = stats.norm.cdf(1 / math.sqrt(2))
    covered = 0
    for seed in range(200):
        score = np.random.default_rng(seed).normal(size=120) + truth
        seen = Seen(classes=2, truth=truth, probability=np.column_stack([-score, score]))
        (found,) = intervals([statistic("roc_auc", seen)], 120, replicates=300, seed=seed)
        covered += found.low <= expected <= found.high
    assert 0.90 <= covered / 200 <= 0.985


def test_few_days_that_differ_are_covered_too_and_rows_alone_would_not_be():
    by_day, by_row = 0, 0
    days = np.repeat(np.arange(12), 40)
    for seed in range(150):
        draw = np.random.default_rng(seed)
        values = draw.normal(size=12)[days] + draw.normal(size=480)
        (whole,) = intervals([mean_of(values)], 480, units=days, replicates=400, seed=seed)
        (single,) = intervals([mean_of(values)], 480, replicates=200, seed=seed)
        by_day += whole.low <= 0 <= whole.high
        by_row += single.low <= 0 <= single.high
    assert by_day / 150 >= 0.90
    assert by_row / 150 <= 0.60


def test_a_candidate_worse_by_the_margin_passes_about_one_time_in_forty():
    margin, rows, passed, clear = 0.05, 500, 0, 0
    check = no_worse("accuracy", margin=margin)
    (need,) = check.needs()
    for seed in range(300):
        draw = np.random.default_rng(seed)
        champion = draw.random(rows) < 0.80
        for worse, count in ((margin, "passed"), (0.0, "clear")):
            # Each loses what the other wins on a tenth of the rows; the candidate loses `worse` more.
            kind = draw.random(rows)
            mine = np.where(kind < 0.05 + worse / 2, False, np.where(kind < 0.10, True, champion))
            theirs = np.where(kind < 0.05 + worse / 2, True, np.where(kind < 0.10, False, champion))
            gap = mine.astype(float) - theirs
            (found,) = intervals([mean_of(gap)], rows, replicates=200, seed=seed)
            figure = Figure(metric="accuracy", value=found.value, low=found.low, high=found.high, rows=rows)
            (verdict,) = judge((check,), {need: Evidence(need=need, figures=(figure,))})
            if count == "passed":
                passed += verdict.outcome == "pass"
            else:
                clear += verdict.outcome == "pass"
    # 7.5 expected of 300; above 17 a rate of one in forty has a chance below one in a thousand.
    assert passed <= 17
    assert clear >= 240, "and an equal candidate does pass"


def test_the_same_seed_gives_the_same_interval_and_another_a_near_one():
    values = np.random.default_rng(0).normal(size=200)
    one, same, other = (intervals([mean_of(values)], 200, seed=seed)[0] for seed in (1, 1, 2))
    assert one == same
    assert one.low != other.low
    assert one.low == pytest.approx(other.low, abs=0.03)


def test_one_unit_has_no_interval():
    values = np.arange(10.0)
    (found,) = intervals([mean_of(values)], 10, units=np.zeros(10, np.int64))
    assert (found.value, found.low, found.high, found.units) == (4.5, None, None, 1)


def test_a_figure_without_spread_has_no_interval():
    (found,) = intervals([mean_of(np.ones(50))], 50)
    assert (found.value, found.low, found.high) == (1.0, None, None)
    (many,) = quick_intervals([mean_of(np.ones(6000))], 6000)
    assert (many.value, many.low, many.high) == (1.0, None, None)


def test_a_statistic_that_is_often_undefined_has_no_interval():
    truth = np.zeros(40, np.int64)
    truth[0] = 1
    seen = Seen(classes=2, truth=truth, probability=np.random.default_rng(0).random((40, 2)))
    (found,) = intervals([statistic("roc_auc", seen)], 40)
    assert np.isfinite(found.value)
    assert found.low is None


def test_more_rows_get_fewer_replicates_within_bounds():
    assert [replicates_for(rows) for rows in (0, 10**4, 4 * 10**4, 10**6)] == [1000, 1000, 500, 400]
