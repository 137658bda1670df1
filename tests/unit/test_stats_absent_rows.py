"""What is absent from the rows can cost something: no candidate passes because its disasters were not met."""

import math

import numpy as np
import polars as pl
import pytest
from scipy import stats

from comporta.checks import judge, no_worse
from comporta.checks.champion.measure import versus
from comporta.opened.sentences import sentence
from comporta.records import Evidence
from comporta.stats.absent_rows import FLOOR, most_of_row, reach, with_absent
from comporta.stats.bootstrap import Interval
from comporta.stats.metrics import ScoredRows
from comporta.stats.paired import tango
from comporta.stats.shares import metric_intervals

NAMES = ["false", "true"]


def chances(truth, chance):
    return pl.DataFrame(
        {
            "__key": [str(n) for n in range(len(truth))],
            "__target": truth,
            "__label": pl.Series([NAMES[int(p > 0.5)] for p in chance], dtype=pl.Enum(NAMES)),
            "__probability_0": 1 - chance,
            "__probability_1": chance,
        }
    )


def numbers(truth, said):
    return pl.DataFrame(
        {"__key": [str(n) for n in range(len(truth))], "__target": truth, "__prediction": said}
    )


def verdict(check, found):
    (need,) = check.needs()
    (told,) = judge((check,), {need: Evidence(need=need, figures=found.figures)})
    return told


def sure_and_wrong(draw, rows, rate):
    chance = draw.beta(0.5, 2, rows)
    truth = draw.random(rows) < chance
    mine, theirs = (np.clip(chance + 0.02 * draw.normal(size=rows), 0.001, 0.999) for _ in range(2))
    mine = np.where(draw.random(rows) < rate, np.where(truth, 1e-15, 1 - 1e-15), mine)
    return chances(truth, mine), chances(truth, theirs)


def wild(draw, rows, rate):
    truth = draw.normal(size=rows)
    theirs = truth + 0.5 * draw.normal(size=rows)
    mine = np.where(draw.random(rows) < rate, truth + 4, theirs + 0.02 * draw.normal(size=rows))
    return numbers(truth, mine), numbers(truth, theirs)


@pytest.mark.parametrize(
    ("world", "metric", "margin"), [(sure_and_wrong, "log_loss", 0.017), (wild, "mae", 0.002)]
)
def test_a_disaster_in_one_row_of_a_thousand_that_costs_twice_the_margin_does_not_pass(world, metric, margin):
    outcomes = [
        verdict(
            no_worse(metric, margin=margin), versus(*world(np.random.default_rng(seed), 1000, 0.001), metric)
        )
        for seed in range(15)
    ]
    # A third of the samples have no such row; 36.7 % passed before.
    assert not [each for each in outcomes if each.outcome == "pass"]
    absent = versus(*world(np.random.default_rng(0), 1000, 0.0), metric)
    assert "(one row in 334 of a kind that these lack, " in sentence(
        verdict(no_worse(metric, margin=margin), absent).reason
    )


@pytest.mark.parametrize(
    ("world", "metric", "margin"), [(sure_and_wrong, "log_loss", 0.02), (wild, "mae", 0.02)]
)
def test_a_candidate_that_is_as_good_still_passes_on_rows_enough(world, metric, margin):
    assert (
        verdict(
            no_worse(metric, margin=margin), versus(*world(np.random.default_rng(1), 5000, 0.0), metric)
        ).outcome
        == "pass"
    )


def test_two_models_that_never_differ_are_as_sure_as_tango_is_of_right_answers():
    rows = 500
    seen = ScoredRows(classes=2, truth=np.zeros(rows, np.int64))
    found = with_absent(Interval(value=0.0, low=0.0, high=0.0, units=rows), "brier", seen)
    low, high = tango(0, 0, rows)
    # His z^2 / n is 3.84 in n, ours -ln 0.025 = 3.69.
    assert (found.low, found.high) == pytest.approx((low, high), rel=0.05)


@pytest.mark.parametrize("met", [1, 4, 20])
def test_rows_that_were_met_leave_what_garwood_s_limit_of_a_rare_count_leaves(met):
    rows = 100_000
    half = stats.norm.ppf(0.975) * math.sqrt(met) / rows
    found = Interval(value=met / rows, low=met / rows - half, high=met / rows + half, units=rows)
    told = with_absent(found, "brier", ScoredRows(classes=2, truth=np.zeros(rows)))
    garwood = stats.chi2.ppf(0.975, 2 * (met + 1)) / 2
    assert told.high * rows == pytest.approx(garwood, rel=0.04)


def test_what_an_absent_row_may_cost_is_declared():
    labels, truth = ScoredRows(classes=2, truth=np.zeros(3)), np.arange(101.0)
    assert most_of_row("log_loss", labels) == pytest.approx(math.log(1000)) and FLOOR == 0.001
    assert [most_of_row("brier", each) for each in (labels, ScoredRows(classes=3, truth=np.zeros(3)))] == [
        1.0,
        2.0,
    ]
    assert reach(ScoredRows(classes=0, truth=truth, number=truth)) == pytest.approx(98.0)
    assert reach(ScoredRows(classes=0, truth=np.ones(9), number=np.ones(9))) is None
    assert most_of_row("f1", labels) is None and most_of_row("mape", labels) is None


def test_an_exact_model_has_an_interval_of_what_its_rows_may_lack():
    truth = np.random.default_rng(0).normal(size=300)
    exact = ScoredRows(classes=0, truth=truth, number=truth + 1e-13)
    mae, rmse, r2 = metric_intervals(exact, ["mae", "rmse", "r2"])
    rate = -math.log(0.025) / 300
    assert (mae.low, mae.high) == pytest.approx((0.0, rate * reach(exact)), abs=1e-9)
    assert rmse.high == pytest.approx(math.sqrt(rate) * reach(exact))
    assert r2.high == 1.0 and r2.low == pytest.approx(1 - rate * reach(exact) ** 2 / truth.var())


def test_of_squares_the_cost_is_told_and_the_interval_stays():
    draw = np.random.default_rng(0)
    truth = draw.normal(size=3000)
    found = Interval(value=0.0, low=-0.1, high=0.1, units=3000)
    seen = ScoredRows(classes=0, truth=truth, number=truth + 0.5)
    told = with_absent(found, "rmse", seen)
    assert (told.low, told.high) == (-0.1, 0.1)
    expected = math.sqrt(0.25 + reach(seen) ** 2 / 1000) - 0.5
    assert told.notes[0].values["cost"] == pytest.approx(expected, rel=0.05)
    assert "wrong by the range of the target" in sentence(told.notes[0])


@pytest.mark.parametrize("metric", ["brier", "log_loss", "mae", "rmse", "r2"])
def test_two_models_that_answer_alike_are_told_apart_by_absent_rows_alone(metric):
    truth = np.arange(400.0)
    was = (
        ScoredRows(classes=0, truth=truth, number=truth[::-1].copy())
        if metric in ("mae", "rmse", "r2")
        else ScoredRows(classes=2, truth=(truth > 200).astype(np.int64))
    )
    found = with_absent(Interval(value=0.0, low=None, high=None, units=400), metric, was)
    assert found.low == -found.high < 0
    one = Interval(value=0.0, low=None, high=None, units=1)
    assert with_absent(one, metric, was).low is None, "one day tells nothing"
