"""Bets on differences within a unit: exact, the same in any order, and never better for what is unknown."""

from itertools import product

import numpy as np
import pytest

from comporta.stats.betting import BettingScheme, Values, betting_evidence, mean_evidence, mean_ratio_sequence
from comporta.stats.paired_betting import PairedValues, paired_betting_evidence
from comporta.stats.wealth import STAKES, log_mixture

SCHEME = BettingScheme(0.0, 8.0, 0.0, (1.0, 1.25))


@pytest.mark.parametrize("place", [0, 1])
def test_the_mean_e_value_is_at_most_one_where_the_ratio_is_the_truth(place):
    # Three pairs of outcomes whose means have the ratio; levels of the grid, or it would be a little less.
    ratio = SCHEME.ratios[place]
    kinds = [(8.0, 0.0, 0.3), (0.0, 4.0, 0.6 / ratio), (0.0, 0.0, 0.7 - 0.6 / ratio)]
    total = np.zeros(2)
    for units in product(kinds, repeat=3):
        mine, theirs, chances = zip(*units, strict=True)
        found = paired_betting_evidence(SCHEME, PairedValues(mine, theirs))
        log_e = [log_mixture(np.array(each[place])) for each in (found.above, found.below)]
        total += np.exp(log_e) * np.prod(chances)
    assert (total <= 1 + 1e-12).all() and total == pytest.approx(1, abs=2e-3)


def test_the_wealth_is_the_product_of_the_bets_one_by_one():
    draw = np.random.default_rng(0)
    mine, theirs = draw.gamma(2, 1, 200), draw.gamma(2, 1, 200)
    found = paired_betting_evidence(SCHEME, PairedValues(mine, theirs))
    terms = np.clip(mine, 0, 8) - 1.25 * np.clip(theirs, 0, 8)
    for rows, sign, worst in ((found.above, 1, 10.0), (found.below, -1, 8.0)):
        exact = np.array([np.log1p(stake * sign * terms / worst).sum() for stake in STAKES])
        assert (
            np.array(rows[1]) == pytest.approx(exact, abs=2e-3) and (np.array(rows[1]) <= exact + 1e-9).all()
        )


@pytest.mark.parametrize(("question", "margin"), [("harm", 0.0), ("non_inferior", 0.25), ("superior", 0.0)])
def test_an_unknown_pair_counts_as_the_worst_that_its_difference_allows(question, margin):
    draw = np.random.default_rng(1)
    mine, theirs = draw.gamma(2, 1, 60), draw.gamma(2, 1, 60)

    def evidence(pairs):
        return mean_evidence(question, paired_betting_evidence(SCHEME, pairs), margin)

    found = evidence(PairedValues(mine, theirs, [0.5]))
    for control in np.linspace(0, 8, 33):
        for apart in (-0.5, -0.2, 0.0, 0.5):
            canary = min(max(control + apart, 0), 8)
            assert found <= evidence(PairedValues([*mine, canary], [*theirs, control])) + 1e-9
    assert evidence(PairedValues(mine, theirs, [np.inf])) < found


def test_pairs_show_in_fewer_units_what_arms_show_in_many():
    draw = np.random.default_rng(2)
    truth = draw.gamma(2, 10, 3000)
    mine, theirs = truth * 1.05 + draw.normal(0, 1, 3000), truth + draw.normal(0, 1, 3000)
    scheme = BettingScheme(0.0, 150.0, 20.0, (0.95, 1.0, 1.02, 1.1))
    pairs = paired_betting_evidence(scheme, PairedValues(mine, theirs))
    arms = betting_evidence(scheme, Values(mine[::2]), Values(theirs[1::2]))
    assert mean_evidence("harm", pairs) > np.log(20) > mean_evidence("harm", arms)
    assert mean_ratio_sequence(pairs).low == 1.02
    assert pairs.canary.n == 3000 and arms.canary.n == 1500


def test_evidence_of_two_periods_adds():
    draw = np.random.default_rng(3)
    mine, theirs = draw.gamma(2, 1, 50), draw.gamma(2, 1, 50)
    whole = paired_betting_evidence(SCHEME, PairedValues(mine, theirs, [1.0, 2.0]))
    parts = [
        paired_betting_evidence(SCHEME, PairedValues(mine[at], theirs[at], more))
        for at, more in ((slice(20), [2.0]), (slice(20, None), [1.0]))
    ]
    added = parts[0] + parts[1]
    assert np.array(added.above) == pytest.approx(np.array(whole.above))
    assert added.canary.unlabelled == 2


def test_values_that_are_not_of_the_same_units_are_refused():
    with pytest.raises(ValueError, match="found 1 and 2, expected two of each unit"):
        paired_betting_evidence(SCHEME, PairedValues([1.0], [1.0, 2.0]))
