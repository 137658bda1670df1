"""Evidence of pairs: exact enumeration, what discordant pairs alone decide, and the figures of the review."""

from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from comporta.stats.paired_evidence import paired_evidence, paired_ratio_sequence


def pairs(n, canary, control, both, unlabelled=0):
    return SimpleNamespace(n=n, canary=canary, control=control, both=both, unlabelled=unlabelled)


@pytest.mark.parametrize("ratio", [0.9, 1.0, 1.1])
@pytest.mark.parametrize("question", ["harm", "non_inferior"])
def test_the_mean_e_value_is_one_where_the_ratio_is_the_truth(question, ratio):
    # Both bad in 0.2, the control alone in 0.1: the canary's rate is 0.3 r. Ratios below 1 come of `higher`.
    better = "lower" if ratio >= 1 else "higher"
    chances = np.array([0.3 * ratio - 0.2, 0.1, 0.2])
    total = 0.0
    for mine, theirs, both in product(range(11), repeat=3):
        if mine + theirs + both > 10:
            continue
        none = 10 - mine - theirs - both
        counts = pairs(10, mine, theirs, both) if better == "lower" else pairs(10, theirs, mine, none)
        chance = stats.multinomial.pmf([mine, theirs, both, none], 10, [*chances, 1 - chances.sum()])
        total += chance * np.exp(paired_evidence(question, counts, abs(ratio - 1), better))
    assert total == pytest.approx(1)


def test_without_a_margin_discordant_pairs_alone_decide():
    few, many = pairs(1000, 40, 10, 0), pairs(1000, 40, 10, 700)
    for question in ("harm", "superior"):
        assert paired_evidence(question, few) == paired_evidence(question, many)
    assert paired_evidence("non_inferior", few, 0.1) < paired_evidence("non_inferior", many, 0.1)


@pytest.mark.parametrize("better", ["lower", "higher"])
@pytest.mark.parametrize(
    ("question", "margin"), [("harm", 0.0), ("harm", 0.05), ("non_inferior", 0.1), ("superior", 0.0)]
)
def test_a_pair_without_a_label_counts_as_the_worst_it_may_be(question, margin, better):
    # Of four unknown pairs two got the same answer: these are both good or both bad.
    found = paired_evidence(question, pairs(200, 30, 20, 40, 4), margin, better, alike=2)
    filled = [
        float(paired_evidence(question, pairs(200, 30 + a, 20 + b, 40 + both), margin, better))
        for a in range(3)
        for b in range(3 - a)
        for both in range(3)
    ]
    assert found == pytest.approx(min(filled))


def test_the_interval_holds_the_ratio_of_the_rates():
    found = paired_ratio_sequence(pairs(4000, 160, 40, 760))
    assert found.value == pytest.approx(1.15)
    assert 1 < found.low < 1.15 < found.high
    assert paired_ratio_sequence(pairs(0, 0, 0, 0)).value is None


def test_pairs_decide_as_soon_as_the_review_says():
    # 20 % wrong; 5 % of answers flipped: harm after 880 pairs. A good version, 1 % apart: promoted after 680.
    draw = np.random.default_rng(8)

    def median(question, margin, *chances):
        drawn = draw.multinomial(1, [*chances, 1 - sum(chances)], (80, 2000)).cumsum(axis=1)
        counts = pairs(np.arange(1, 2001), drawn[..., 0], drawn[..., 1], drawn[..., 2])
        passed = paired_evidence(question, counts, margin) >= np.log(20)
        assert passed.any(axis=1).mean() > 0.95
        return np.median(passed.argmax(axis=1))

    assert median("harm", 0.0, 0.04, 0.01, 0.19) < 880
    assert median("non_inferior", 0.1, 0.005, 0.005, 0.195) < 680
