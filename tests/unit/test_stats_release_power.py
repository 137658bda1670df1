"""What a plan can be expected to decide: by published figures, by trials of units, and at the edges."""

import numpy as np
import pytest
from statsmodels.stats.power import NormalIndPower
from statsmodels.stats.proportion import proportion_effectsize

from comporta.stats.arm_evidence import arm_evidence
from comporta.stats.coin import log_above, reaches_above
from comporta.stats.release_power import PlannedMetric, release_power

FLIGHTS = PlannedMetric(base=0.05, units=3000, days=60)


@pytest.mark.parametrize(("missing", "power"), [(0.001, 0.98), (0.002, 0.80), (0.01, 0.0)])
def test_the_power_left_by_missing_labels_is_that_of_the_review(missing, power):
    # 3,000 units a day and arm over 60 days: 0.1 % missing keeps 98 %, 0.2 % 80 %, 1 % never promotes.
    found = release_power(FLIGHTS._replace(missing=missing))
    assert found.power == pytest.approx(power, abs=0.08)
    assert found.is_hopeless == (power == 0.0)
    assert 0.001 < found.missing < 0.0025


def test_an_equal_version_is_promoted_as_often_and_as_soon_as_in_trials_with_the_evidence_itself():
    draw = np.random.default_rng(1)
    weeks = np.arange(1, 9)
    counts = draw.binomial(7 * 3000, 0.05, (2, 200, 8)).cumsum(axis=-1)
    n = weeks * 7 * 3000
    log_e = arm_evidence("non_inferior", _arm(n, counts[0]), _arm(n, counts[1]), 0.1)
    passed = log_e >= np.log(20)
    days = np.where(passed.any(axis=1), 7.0 * (passed.argmax(axis=1) + 1), np.inf)
    found = release_power(FLIGHTS)
    assert abs(found.days - np.sort(days)[100]) <= 7, "one season's end at most"
    assert found.power == pytest.approx(np.isfinite(days).mean(), abs=0.05)


def _arm(n, bad):
    from types import SimpleNamespace

    return SimpleNamespace(n=n, bad=bad, unlabelled=0)


def test_the_harm_that_is_seen_is_more_than_a_single_look_would_see_and_not_by_much():
    found = release_power(FLIGHTS)
    z = NormalIndPower(ddof=0)

    def power(harm):
        size = proportion_effectsize(0.05 * (1 + harm), 0.05)
        return z.power(size, 180_000, 0.05, alternative="larger")

    assert power(found.harm) > 0.8 > power(found.harm / 3)


@pytest.mark.parametrize("better", ["lower", "higher"])
def test_means_are_promoted_sooner_the_less_they_spread(better):
    few = PlannedMetric(base=20, deviation=20, high=200, units=60, days=56, margin=0.1, better=better)
    wide, narrow = release_power(few), release_power(few._replace(deviation=8))
    assert wide.power < narrow.power and narrow.days <= 28
    assert narrow.harm < (wide.harm or 9)
    assert release_power(few._replace(deviation=8, missing=0.05)).power < narrow.power


def test_the_power_of_means_is_that_of_bets_on_drawn_values():
    from comporta.stats.betting import BettingScheme, Values, betting_evidence, mean_evidence

    draw = np.random.default_rng(2)
    scheme = BettingScheme(0, 100, 20, (1.1,))
    passed = 0
    for _ in range(150):
        mine, theirs = (Values(draw.gamma(4, 5, 420)) for _ in range(2))
        found = betting_evidence(scheme, mine, theirs)
        passed += mean_evidence("non_inferior", found, 0.1) >= np.log(20)
    one_week = PlannedMetric(base=20, deviation=10, high=100, units=60, days=7)
    assert release_power(one_week).power == pytest.approx(passed / 150, abs=0.1)


def test_a_plan_that_cannot_decide_says_so():
    rare = release_power(PlannedMetric(base=0.01, units=30, days=60))
    assert rare.is_hopeless and rare.missing is None and rare.power < 0.1
    short = release_power(FLIGHTS._replace(days=5))
    assert (short.power, short.days) == (0.0, None), "no whole week ends before its deadline"
    none = release_power(FLIGHTS._replace(days=0))
    assert (none.power, none.harm) == (0.0, None)


def test_superiority_is_promoted_only_where_the_version_is_better():
    asked = FLIGHTS._replace(superior=True)
    assert release_power(asked).power < 0.06
    assert release_power(asked._replace(ratio=0.85)).power > 0.9


def test_pairs_are_decided_ten_times_sooner_than_arms():
    # The review's flights: 450 a day, 20 % wrong: 17 days of arms; a version 1 % apart after 680 pairs.
    arms = release_power(PlannedMetric(base=0.2, units=225, days=84))
    pairs = release_power(PlannedMetric(base=0.2, units=450, days=84, season=1, apart=0.01))
    assert arms.days >= 28 and pairs.days <= 2 and pairs.power > 0.97
    assert pairs.harm < arms.harm / 2
    missing = PlannedMetric(base=0.2, units=450, days=28, season=1, apart=0.01, missing=0.05)
    assert release_power(missing).power > 0.9, "equal answers have equal outcomes, whatever the label"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("base", 0.0),
        ("base", 1.0),
        ("units", 0),
        ("missing", 1.0),
        ("alpha", float("nan")),
        ("base", -1.0),
        ("apart", 0.2),
    ],
)
def test_numbers_that_no_outcome_can_have_are_refused(field, value):
    with pytest.raises(ValueError, match=f"{field}: found"):
        release_power(FLIGHTS._replace(**{field: value}))


def test_where_evidence_reaches_a_bar_is_found_without_asking_every_point():
    draw = np.random.default_rng(3)
    s, f = draw.integers(0, 400, 3000), draw.integers(0, 400, 3000)
    for limit in (0.4, 0.5, 0.6):
        assert (reaches_above(s, f, limit, 3.0) == (log_above(s, f, limit) >= 3.0)).all()
