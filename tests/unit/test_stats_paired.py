"""Two models on the same rows, held against published figures, statsmodels, brute force and coverage."""

import math

import numpy as np
import pytest
from scipy import optimize, stats
from sklearn.metrics import roc_auc_score
from statsmodels.stats.contingency_tables import mcnemar as theirs

from comporta.stats.paired import delong, mcnemar, mean_difference, right, tango, wilcoxon
from comporta.stats.power import rows_needed, rows_to_show, smallest_seen


def test_the_published_example_of_fagerland_lydersen_and_laake_comes_out():
    # Airway hyper-responsiveness before and after transplantation, 21 children: b = 1, c = 7.
    assert tango(1, 7, 21) == pytest.approx((-0.517, -0.026), abs=5e-4)
    assert mcnemar(1, 7, mid=False) == pytest.approx(0.0703, abs=5e-5)
    assert mcnemar(1, 7) == pytest.approx(0.0391, abs=5e-5)


@pytest.mark.parametrize(("b", "c"), [(0, 0), (1, 0), (0, 9), (3, 3), (12, 5), (200, 260)])
def test_mcnemars_exact_p_is_statsmodels(b, c):
    expected = theirs([[10, b], [c, 10]], exact=True).pvalue if b + c else 1.0
    assert mcnemar(b, c, mid=False) == pytest.approx(expected)


@pytest.mark.parametrize(("b", "c", "n"), [(1, 7, 21), (0, 0, 50), (5, 0, 5), (3, 3, 100), (40, 12, 700)])
def test_tangos_ends_are_where_the_score_of_a_likelihood_found_by_search_is_z(b, c, n):
    def score(delta):
        # The likeliest table with this difference, found by search instead of from the formula.
        def less(p21):
            p12, rest = p21 + delta, 1 - 2 * p21 - delta
            terms = ((b, p12), (c, p21), (n - b - c, rest))
            return -sum(count * math.log(max(p, 1e-300)) for count, p in terms if count)

        low, high = max(0.0, -delta), (1 - delta) / 2
        p21 = optimize.minimize_scalar(less, bounds=(low, high), method="bounded", options={"xatol": 1e-13}).x
        return (b - c - n * delta) / math.sqrt(n * (2 * p21 + delta - delta**2))

    low, high = tango(b, c, n)
    assert low > -1 and score(low) == pytest.approx(1.959964, abs=2e-3)
    assert high == 1.0 or score(high) == pytest.approx(-1.959964, abs=2e-3)


@pytest.mark.parametrize(("n", "p12", "p21"), [(60, 0.1, 0.05), (300, 0.02, 0.02), (300, 0.06, 0.01)])
def test_tangos_interval_holds_the_truth_as_often_as_it_says(n, p12, p21):
    draw = np.random.default_rng(0)
    tables = draw.multinomial(n, [p12, p21, 1 - p12 - p21], 1500)
    ends = {pair: tango(*pair, n) for pair in {(int(b), int(c)) for b, c, _ in tables}}
    held = [ends[int(b), int(c)][0] <= p12 - p21 <= ends[int(b), int(c)][1] for b, c, _ in tables]
    assert 0.93 <= np.mean(held) <= 0.985


def test_mid_p_of_two_equal_models_is_below_five_per_cent_no_more_often_than_that():
    draw = np.random.default_rng(1)
    b, c, _ = draw.multinomial(500, [0.03, 0.03, 0.94], 4000).T
    assert 0.035 <= np.mean([mcnemar(int(x), int(y)) < 0.05 for x, y in zip(b, c, strict=True)]) <= 0.055


def scores(rows, seed, apart=0.0, ties=False):
    draw = np.random.default_rng(seed)
    truth = draw.random(rows) < 0.3
    shared = draw.normal(size=rows)
    one = truth * (1 + apart) + shared + draw.normal(size=rows)
    other = truth * 1.0 + shared + draw.normal(size=rows)
    return (truth, one.round(1), other.round(1)) if ties else (truth, one, other)


@pytest.mark.parametrize("ties", [False, True])
def test_delong_is_its_definition_by_brute_force(ties):
    truth, one, other = scores(80, 3, ties=ties)
    found = delong(truth, one, other)
    placed = []
    for score in (one, other):
        pairs = np.sign(score[truth][:, None] - score[~truth][None, :]) / 2 + 0.5
        placed.append((pairs.mean(axis=1), pairs.mean(axis=0)))
    covered = [np.cov([placed[0][side], placed[1][side]]) / len(placed[0][side]) for side in (0, 1)]
    whole = covered[0] + covered[1]
    variance = whole[0, 0] + whole[1, 1] - 2 * whole[0, 1]
    assert found.value == pytest.approx(roc_auc_score(truth, one) - roc_auc_score(truth, other))
    # Student's quantile, as Welch's test of the same two means has it, and what was not seen beside.
    plus, minus = (placed[0][side] - placed[1][side] for side in (0, 1))
    ends = stats.ttest_ind(plus, -minus, equal_var=False).confidence_interval()
    share = math.hypot(1 - 0.025 ** (1 / len(plus)), 1 - 0.025 ** (1 / len(minus)))
    half, mine = (ends.high - ends.low) / 2, roc_auc_score(truth, one)
    assert found.value - found.low == pytest.approx(math.hypot(half, mine * share))
    assert found.p == pytest.approx(2 * stats.norm.sf(abs(found.value) / math.sqrt(variance)))


def test_delong_alarms_on_equal_models_as_often_as_it_says():
    alarms = [delong(*scores(300, seed)).p < 0.05 for seed in range(600)]
    assert 0.03 <= np.mean(alarms) <= 0.07


def test_delong_needs_two_rows_of_each_class():
    assert delong(np.array([True, False, False]), np.arange(3.0), np.arange(3.0)) is None


def test_means_are_compared_as_scipy_does():
    draw = np.random.default_rng(5)
    one, other = draw.exponential(size=90), draw.exponential(size=90) + 0.2
    oracle = stats.ttest_rel(one, other)
    found = mean_difference(one, other)
    assert found.p == pytest.approx(oracle.pvalue)
    assert (found.low, found.high) == pytest.approx(tuple(oracle.confidence_interval()))
    assert wilcoxon(one, other) == pytest.approx(
        stats.wilcoxon(one, other, zero_method="pratt", method="approx").pvalue
    )


def test_two_models_that_say_the_same_differ_by_nothing():
    same = np.ones(40, dtype=bool)
    assert right(same, same).value == 0 and right(same, same).p == 1
    assert right(same, same).low < 0 < right(same, same).high, "forty rows do not show that they are equal"
    assert mean_difference(np.arange(9.0), np.arange(9.0)).p == 1
    assert wilcoxon(np.arange(9.0), np.arange(9.0)) == 1


def test_so_many_labels_are_needed_as_the_arithmetic_says():
    # Liu, Hsueh, Hsieh and Chen 2002, section 3: 5 % discordant rows, a margin of one point, and of half.
    assert rows_needed(0.05, 0.01) == pytest.approx(3_100, rel=0.01)
    assert rows_needed(0.05, 0.005) == pytest.approx(12_400, rel=0.01)


def test_with_so_many_labels_two_equal_models_are_shown_equal_four_times_in_five():
    rows = rows_needed(0.05, 0.01)
    b, c, _ = np.random.default_rng(7).multinomial(rows, [0.025, 0.025, 0.95], 3000).T
    shown = [tango(int(x), int(y), rows, level=0.90)[0] > -0.01 for x, y in zip(b, c, strict=True)]
    assert 0.76 <= np.mean(shown) <= 0.84


def test_an_interval_tells_how_many_rows_would_do_and_what_it_could_have_seen():
    # A standard error of 0.01 on 1,000 rows: 0.02 off is two errors, 2.80 are needed.
    rows = rows_to_show(-0.0196, 0.0196, 1000, 0.02)
    assert rows == pytest.approx(1000 * (2.8016 / 2) ** 2, rel=1e-3)
    assert smallest_seen(-0.0196, 0.0196) == pytest.approx(0.028, rel=1e-2)
    assert rows_to_show(-0.1, 0.1, 1000, 0.0) is None
    assert rows_to_show(0.1, 0.1, 1000, 0.1) is None
