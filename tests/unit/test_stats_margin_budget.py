"""What releases spend of a budget of margins."""

import math

import pytest
from scipy.stats.contingency import relative_risk

from comporta.stats.margin_budget import PromotedRatio, log_error, spent_margin, within_budget


def test_the_error_of_a_ratio_is_that_of_scipys_interval():
    interval = relative_risk(160, 3000, 150, 3100).confidence_interval(0.95)
    wide = math.log(interval.high / interval.low) / 2 / 1.959964
    assert log_error((160, 3000), (150, 3100)) == pytest.approx(wide, rel=1e-5)
    assert log_error((0, 100), (3, 100)) == math.inf


def test_each_release_spends_its_ratio_and_an_error_more():
    two = [PromotedRatio(1.02, 0.01), PromotedRatio(1.03, 0.02)]
    assert spent_margin(two) == pytest.approx(1.02 * 1.03 * math.exp(0.03) - 1)
    assert within_budget(two, 0.1) and not within_budget([*two, PromotedRatio(1.01, 0.02)], 0.1)


def test_a_lucky_figure_gives_nothing_back():
    assert spent_margin([PromotedRatio(0.8, 0.01)]) == 0
    assert spent_margin([PromotedRatio(1.02, 0.0), PromotedRatio(0.8, 0.01)]) == pytest.approx(0.02)
    assert spent_margin([]) == 0


def test_where_higher_is_better_a_ratio_below_one_spends():
    assert spent_margin([PromotedRatio(0.8, 0.0)], "higher") == pytest.approx(0.25)
    assert spent_margin([PromotedRatio(1.2, 0.01)], "higher") == 0


def test_a_figure_that_nobody_knows_spends_everything():
    assert spent_margin([PromotedRatio(0.9, math.inf)]) == math.inf
