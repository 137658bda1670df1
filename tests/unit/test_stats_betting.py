"""Bets on means: exact whatever the values, the same in any order, and never better for what is unknown."""

from itertools import product

import numpy as np
import pytest
from scipy import special

from comporta.records import decode, encode
from comporta.records.betting_evidence import BettingEvidence
from comporta.stats.betting import (
    RATIO_GRID,
    BettingScheme,
    Values,
    betting_evidence,
    mean_evidence,
    mean_ratio_sequence,
    scheme_of,
)
from comporta.stats.claims import claim_of
from comporta.stats.wealth import STAKES, log_mixture


def test_a_mixture_is_the_mean_of_its_parts():
    parts = np.array([[0.0, 1000.0, 999.0], [-5.0, -2000.0, 1.0]])
    assert log_mixture(parts) == pytest.approx(special.logsumexp(parts, axis=1) - np.log(3))


def both_sides(found):
    return np.array([log_mixture(np.array(each)) for each in (found.above, found.below)])


@pytest.mark.parametrize("center", [0.0, 1.0, 4.0])
@pytest.mark.parametrize("low", [0.0, -4.0])
def test_the_mean_e_value_is_one_where_the_ratio_is_the_truth(center, low):
    # Values at levels of the grid, so that none is split: 8 for one canary unit in 8, 4 for two controls.
    scheme = BettingScheme(low, 8.0, center, (1.0, 1.25))
    for place, ratio in enumerate(scheme.ratios):
        kinds = [(True, 8.0, 1 / 16), (True, 0.0, 7 / 16)]
        share = 1 / 4 / ratio
        kinds += [(False, 4.0, share / 2), (False, 0.0, (1 - share) / 2)]
        total = np.zeros(2)
        for units in product(kinds, repeat=3):
            mine = Values([value for canary, value, _ in units if canary])
            theirs = Values([value for canary, value, _ in units if not canary])
            found = np.exp(both_sides(betting_evidence(scheme, mine, theirs))[:, place])
            total += found * np.prod([chance for *_, chance in units])
        assert total == pytest.approx(1)


def test_the_wealth_is_the_product_of_the_bets_one_by_one_and_a_split_value_brings_no_more():
    draw = np.random.default_rng(0)
    mine, theirs = draw.gamma(2, 10, 200), draw.gamma(2, 9, 180)
    scheme = BettingScheme(0.0, 60.0, 20.0, (1.1,))
    found = betting_evidence(scheme, Values(mine), Values(theirs))
    terms = [min(y, 60) - 20 for y in mine] + [20 - 1.1 * min(y, 60) for y in theirs]
    for rows, sign, worst in ((found.above, 1, 46.0), (found.below, -1, 40.0)):
        exact = [sum(np.log(1 + stake * sign * w / worst) for w in terms) for stake in STAKES]
        assert np.array(rows[0]) == pytest.approx(exact, abs=2e-3)
        assert (np.array(rows[0]) <= np.array(exact) + 1e-9).all()


def test_evidence_of_two_periods_adds_in_any_order_and_is_stored_as_json():
    draw = np.random.default_rng(1)
    scheme = scheme_of(0, 100, 20, margin=0.1, harm=0.0)
    mine, theirs = draw.gamma(2, 10, 300), draw.gamma(2, 10, 310)
    whole = betting_evidence(scheme, Values(draw.permutation(mine), 3), Values(draw.permutation(theirs), 2))
    first = betting_evidence(scheme, Values(mine[:50], 3), Values(theirs[:70]))
    second = betting_evidence(scheme, Values(mine[50:]), Values(theirs[70:], 2))
    added = decode(encode(first), BettingEvidence) + second
    assert np.array(added.above) == pytest.approx(np.array(whole.above))
    assert np.array(added.below) == pytest.approx(np.array(whole.below))
    assert (added.canary.n, added.canary.unlabelled, added.control.n) == (303, 3, 312)
    assert added.canary.squares == pytest.approx(whole.canary.squares)


def test_periods_that_asked_other_ratios_do_not_add():
    one = betting_evidence(BettingScheme(0, 1, 0, (1.0,)), Values([]), Values([]))
    with pytest.raises(ValueError, match="other ratios"):
        one + betting_evidence(BettingScheme(0, 1, 0, (1.1,)), Values([]), Values([]))


@pytest.mark.parametrize("better", ["lower", "higher"])
@pytest.mark.parametrize(("question", "margin"), [("harm", 0.0), ("non_inferior", 0.1), ("superior", 0.0)])
def test_an_unknown_value_counts_as_the_bound_that_speaks_against_the_claim(question, margin, better):
    draw = np.random.default_rng(2)
    scheme = BettingScheme(0, 50, 20, (claim_of(question, margin, better).ratio,))
    mine, theirs = draw.gamma(2, 10, 80), draw.gamma(2, 10, 80)

    def evidence(canary, control):
        return mean_evidence(question, betting_evidence(scheme, canary, control), margin, better)

    found = evidence(Values(mine, 2), Values(theirs, 1))
    filled = [
        evidence(Values([*mine, a, b]), Values([*theirs, c])) for a, b, c in product((0, 17.3, 50), repeat=3)
    ]
    assert found == pytest.approx(min(filled))


@pytest.mark.parametrize("better", ["lower", "higher"])
def test_means_that_differ_settle_every_question(better):
    draw = np.random.default_rng(3)
    small, large = Values(draw.gamma(4, 5, 8000)), Values(draw.gamma(4, 6, 8000))
    best, worst = (small, large) if better == "lower" else (large, small)
    scheme = scheme_of(0, 150, 20, margin=0.1, harm=0.0, better=better)
    bad, good = betting_evidence(scheme, worst, best), betting_evidence(scheme, best, worst)
    bar = np.log(20)
    assert mean_evidence("harm", bad, 0, better) > bar > mean_evidence("non_inferior", bad, 0.1, better)
    assert mean_evidence("non_inferior", good, 0.1, better) > bar > mean_evidence("harm", good, 0, better)
    assert mean_evidence("superior", good, 0, better) > bar
    assert mean_ratio_sequence(bad).low > 1 > mean_ratio_sequence(good).high or better == "higher"


def test_the_interval_holds_the_ratio_of_the_means():
    draw = np.random.default_rng(4)
    scheme = scheme_of(0, 150, 20, margin=0.1, harm=0.0)
    found = betting_evidence(scheme, Values(draw.gamma(4, 5.2, 20_000)), Values(draw.gamma(4, 5, 20_000)))
    interval = mean_ratio_sequence(found)
    assert interval.value == pytest.approx(1.04, abs=0.015)
    assert 1 < interval.low < 1.04 < interval.high < 1.07
    empty = mean_ratio_sequence(betting_evidence(scheme, Values([]), Values([])))
    assert (empty.value, empty.low, empty.high) == (None, None, None)


def test_a_center_near_the_mean_shows_the_same_sooner():
    draw = np.random.default_rng(5)
    mine, theirs = Values(draw.normal(22, 4, 3000)), Values(draw.normal(20, 4, 3000))
    at = [
        mean_evidence("harm", betting_evidence(BettingScheme(0, 100, c, (1.0,)), mine, theirs))
        for c in (0.0, 20.0)
    ]
    assert at[1] > 3 * at[0] > 0


@pytest.mark.soak
def test_rare_large_values_bring_no_false_alarm():
    # One unit in 500 earns 100: a normal mixture rolls back 18 to 83 % of equal versions.
    draw = np.random.default_rng(6)
    scheme = BettingScheme(0, 1000, 0.2, (1.0,))
    alarms = 0
    for _ in range(200):
        total = None
        for _ in range(20):
            mine, theirs = (Values(100.0 * (draw.random(1000) < 1 / 500)) for _ in range(2))
            found = betting_evidence(scheme, mine, theirs)
            total = found if total is None else total + found
            if mean_evidence("harm", total) >= np.log(20):
                alarms += 1
                break
    assert alarms <= 10


def test_the_ratios_of_a_scheme_are_the_declared_ones_and_the_grid():
    assert len(RATIO_GRID) == 61 and RATIO_GRID[0] == pytest.approx(0.5) and RATIO_GRID[30] == 1
    scheme = scheme_of(0, 10, 99, margin=0.123, harm=0.017, better="higher")
    assert {1 - 0.123, 1 - 0.017, 1.0} <= set(scheme.ratios)
    assert scheme.center == 10


def test_what_is_no_number_and_no_cap_is_refused():
    scheme = BettingScheme(0, 1, 0, (1.0,))
    with pytest.raises(ValueError, match="found NaN"):
        betting_evidence(scheme, Values([0.5, float("nan")]), Values([]))
    for low, high in ((1, 1), (2, 1), (0, float("inf")), (float("nan"), 1)):
        with pytest.raises(ValueError, match="cap: found"):
            scheme_of(low, high, 0, margin=0.1, harm=0.0)
    with pytest.raises(ValueError, match=r"found no ratio 1\.3"):
        mean_evidence("harm", betting_evidence(scheme, Values([]), Values([])), 0.3)


def test_values_beyond_every_bound_count_as_the_bound():
    scheme = BettingScheme(0, 1, 0.5, (1.0,))
    found = betting_evidence(scheme, Values([float("inf"), -5.0]), Values([1.0, 0.0]))
    assert found == betting_evidence(scheme, Values([1.0, 0.0]), Values([7.0, -float("inf")]))
