"""Evidence of two arms: published figures, exact enumeration; what is unknown counts against the claim."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from comporta.stats.arm_evidence import arm_evidence, ratio_sequence
from comporta.stats.claims import claim_of
from comporta.stats.coin import log_above, log_below, log_uneven
from comporta.stats.sample_ratio import is_uneven, sample_ratio

QUESTIONS = [("harm", 0.0), ("harm", 0.05), ("non_inferior", 0.1), ("superior", 0.0)]
BETTERS = ["lower", "higher"]


def arm(n, bad, unlabelled=0):
    return SimpleNamespace(n=n, bad=bad, unlabelled=unlabelled)


def test_the_mixtures_are_those_of_confseq():
    # Its test/uniform_boundaries_unittest.cpp: v_opt 100, alpha_opt 0.05, g 0.2, h 0.8, at s 10 and v 100:
    # 625 tosses of a coin of 0.2, of which 135 are heads; the prior by its formulas of r.
    one, two = (
        100 / (2 * np.log(1 / a) + np.log(1 + 2 * np.log(1 / a))) - 0.2 * 0.8 for a in (2 * 0.05, 0.05)
    )
    assert log_above(135, 490, 0.2, (one / 0.8, one / 0.2)) == pytest.approx(-0.07134019, abs=1e-7)
    assert log_uneven(135, 490, 0.2, (two / 0.8, two / 0.2)) == pytest.approx(-0.6941012, abs=1e-7)


@pytest.mark.parametrize(
    ("canary", "control", "odds"),
    [(60, 40, 1.9326494200422262), (360, 260, 398.4174044577168), (10000, 9400, 730.488150794708)],
)
def test_the_sample_ratio_is_that_of_savvi(canary, control, odds):
    # savvi 0.3.1, Multinomial(theta_0=(½, ½), k=100), in an environment of its own.
    assert np.exp(sample_ratio(canary, control)) == pytest.approx(odds)


@pytest.mark.parametrize("limit", [0.3, 0.5, 11 / 21])
def test_the_mean_e_value_is_one_at_the_limit_and_less_on_the_other_side_of_it(limit):
    heads = np.arange(31)
    for evidence, farther in ((log_above, limit - 0.05), (log_below, limit + 0.05)):
        e = np.exp(evidence(heads, 30 - heads, limit))
        assert stats.binom.pmf(heads, 30, limit) @ e == pytest.approx(1)
        assert stats.binom.pmf(heads, 30, farther) @ e < 1


@pytest.mark.parametrize("truth", [0.5, 11 / 21])
def test_evidence_that_is_looked_at_after_every_unit_is_wrong_at_most_as_often_as_alpha(truth):
    # Exact: the share of paths that never had an e-value of 20, one unit after the other.
    ratio = truth / (1 - truth)
    alive, wrong = np.array([1.0]), 0.0
    for n in range(1, 250):
        alive = np.append(alive * (1 - truth), 0) + np.append(0, alive * truth)
        s = np.arange(n + 1)
        claims = (
            arm_evidence("harm", arm(10**6, s), arm(10**6, n - s), ratio - 1)
            if n % 2
            else arm_evidence("non_inferior", arm(10**6, s), arm(10**6, n - s), ratio - 1)
        )
        crossed = claims >= np.log(20)
        wrong += alive[crossed].sum()
        alive[crossed] = 0
    assert 0.005 < wrong <= 0.1, "each of the two at most 0.05"


@pytest.mark.parametrize("better", BETTERS)
@pytest.mark.parametrize(("question", "margin"), QUESTIONS)
def test_evidence_with_unknown_outcomes_is_never_more_than_with_any_they_may_have(question, margin, better):
    canary, control = arm(500, 60, 8), arm(500, 40, 5)
    found = arm_evidence(question, canary, control, margin, better)
    whole = [
        float(arm_evidence(question, arm(500, 60 + i), arm(500, 40 + j), margin, better))
        for i in range(9)
        for j in range(6)
    ]
    assert found == pytest.approx(min(whole)), "and it is that of the worst case"


def test_for_harm_the_canarys_unknown_units_are_good_and_the_controls_bad():
    found = arm_evidence("harm", arm(500, 60, 8), arm(500, 40, 5))
    assert found == log_above(60, 45, 0.5)
    assert arm_evidence("superior", arm(500, 60, 8), arm(500, 40, 5)) == log_below(68, 40, 0.5)


@pytest.mark.parametrize(("question", "margin"), [("harm", 0.0), ("superior", 0.0)])
def test_where_higher_is_better_the_good_units_are_counted(question, margin):
    # 60 and 90 bought: harm is that fewer do.
    found = arm_evidence(question, arm(1000, 940), arm(1000, 910), margin, "higher")
    swapped = arm_evidence(question, arm(1000, 90), arm(1000, 60), margin)
    assert found == pytest.approx(swapped)


@pytest.mark.parametrize("better", BETTERS)
def test_arms_that_differ_by_much_settle_every_question(better):
    few, many = arm(5000, 300), arm(5000, 600)
    if better == "higher":
        few, many = arm(5000, 4700), arm(5000, 4400)
    worse, best = (many, few) if better == "lower" else (few, many)
    bar = np.log(20)
    assert arm_evidence("harm", worse, best, 0, better) > bar
    assert arm_evidence("non_inferior", worse, best, 0.1, better) < 0
    assert arm_evidence("harm", best, worse, 0, better) < 0
    assert arm_evidence("non_inferior", best, worse, 0.1, better) > bar
    assert arm_evidence("superior", best, worse, 0, better) > bar


def test_the_interval_holds_the_ratio_and_ends_where_the_evidence_does():
    found = ratio_sequence(arm(30_000, 1600), arm(30_000, 1500))
    assert found.value == pytest.approx(16 / 15)
    assert found.low < 1 < found.value < found.high
    for end, side in ((found.low, "harm"), (found.high, "non_inferior")):
        canary, control = arm(30_000, 1600), arm(30_000, 1500)
        limit = end / (1 + end)
        e = log_above(1600, 1500, limit) if side == "harm" else log_below(1600, 1500, limit)
        assert e == pytest.approx(np.log(40), abs=0.01)
        if side == "non_inferior":
            assert arm_evidence(side, canary, control, end - 1) == pytest.approx(float(e))


def test_the_interval_has_no_end_where_nothing_is_known():
    assert ratio_sequence(arm(0, 0), arm(0, 0)).value is None
    none = ratio_sequence(arm(4, 0), arm(4, 1))
    assert none.low is None and none.value == 0
    assert ratio_sequence(arm(4, 1), arm(4, 0)).value is None


def test_units_without_a_label_widen_the_interval():
    known, unknown = (ratio_sequence(arm(9000, 450, n), arm(9000, 450, n)) for n in (0, 50))
    assert unknown.low < known.low and known.high < unknown.high


def test_counts_of_many_looks_are_taken_together():
    looks = np.array([10, 100, 1000])
    together = arm_evidence("harm", arm(looks * 20, looks * 2), arm(looks * 20, looks))
    apart = [arm_evidence("harm", arm(n * 20, n * 2), arm(n * 20, n)) for n in looks]
    assert together == pytest.approx(np.array(apart))


def test_evidence_far_on_the_other_side_is_a_number_still():
    assert arm_evidence("harm", arm(10**7, 10), arm(10**7, 10**6)) == -700


def test_a_sample_ratio_is_uneven_only_where_it_is_shown():
    assert not is_uneven(0, 0) and not is_uneven(1000, 1040)
    assert is_uneven(10_000, 9_300)


@pytest.mark.parametrize(("margin", "better"), [(-0.1, "lower"), (1.0, "higher"), (float("nan"), "lower")])
def test_a_margin_that_says_nothing_is_refused(margin, better):
    with pytest.raises(ValueError, match="margin: found"):
        claim_of("harm", margin, better)


@pytest.mark.soak
def test_the_figures_of_the_review_hold():
    # 400 daily looks at 5 %: false rollbacks 2.7 %, promotions at exactly +10 % 2.5 %.
    draw = np.random.default_rng(17)
    days = np.arange(1, 401)

    def ever(question, margin, ratio, units):
        mine = np.cumsum(draw.binomial(units, 0.05 * ratio, (1000, 400)), axis=1)
        theirs = np.cumsum(draw.binomial(units, 0.05, (1000, 400)), axis=1)
        log_e = arm_evidence(question, arm(days * units, mine), arm(days * units, theirs), margin)
        return (log_e >= np.log(20)).any(axis=1).mean()

    assert ever("harm", 0.0, 1.0, 300) == pytest.approx(0.027, abs=0.015)
    assert ever("non_inferior", 0.1, 1.1, 300) == pytest.approx(0.025, abs=0.015)
