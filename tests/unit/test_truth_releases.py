"""The table of wrong release decisions: made of its results, by seeds that give the same, on true rules."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

TRUTH = Path(__file__).parents[2] / "benchmarks" / "truth"
sys.path.insert(0, str(TRUTH))

import releases  # noqa: E402
from _code import code_of  # noqa: E402
from _release_budget import RULES, chains  # noqa: E402
from _release_page import PAGE, most, page, wrong  # noqa: E402
from _release_product import comporta  # noqa: E402
from _release_rules import growthbook  # noqa: E402
from _release_trials import Arm, Design, NaiveArm, Trials, drawn  # noqa: E402


def test_the_page_is_what_the_results_make():
    held = releases.results()
    assert PAGE.read_text() == page(held), "run `python benchmarks/truth/releases.py --page`"
    assert [row["scenario"] for row in held["rows"]] == [each.name for each in releases.SCENARIOS]
    assert {row["plans"] for row in held["rows"]} == {2000}


def test_what_is_promised_holds_in_every_scenario_that_is_not_said_to_be_beyond_it():
    for row in releases.results()["rows"]:
        if not row["beyond"]:
            assert most(wrong(row), row["plans"]) <= 0.05 + 0.013, row["scenario"]


@pytest.mark.parametrize("scenario", releases.SCENARIOS, ids=lambda each: each.name)
def test_every_scenario_is_decided_by_every_rule(scenario):
    row = releases.counted(scenario, 3)
    for found in row["rules"].values():
        assert 0 <= found["promoted"] + found["rolled_back"] <= 3 and found["day"] > 0


def test_the_same_seeds_give_the_same_counts():
    scenario = releases.SCENARIOS[4]
    assert releases.counted(scenario, 40) == releases.counted(scenario, 40)


def test_the_table_is_stale_when_the_evidence_or_the_decision_changes():
    files = code_of(TRUTH / "releases.py")
    assert {"src/comporta/stats/coin.py", "src/comporta/release/plan_decision.py"} <= set(files)
    assert {f"benchmarks/truth/{each.name}" for each in TRUTH.glob("_release_*.py")} - set(files) == {
        "benchmarks/truth/_release_page.py"
    }


def _trials(**changed):
    none = np.full((1, 1, 14), -np.inf)
    arm = NaiveArm(*(np.ones((1, 14)),) * 3)
    days = np.arange(1, 15.0)
    plain = Trials(days=days, ends=days % 7 == 0, harm=none, passed=none, uneven=none, naive=(arm, arm))
    return replace(plain, **changed)


def test_a_promotion_waits_for_the_end_of_a_season_and_harm_goes_before_it():
    early, late = np.full((1, 1, 14), -np.inf), np.full((1, 1, 14), -np.inf)
    early[..., 2:5], late[..., 6] = 9.0, 9.0
    assert not comporta(_trials(passed=early)).promoted.any(), "its evidence was gone by the season's end"
    assert comporta(_trials(passed=late)).promoted.all()
    assert comporta(_trials(passed=late, harm=late)).rolled_back.all()
    ended = comporta(_trials(passed=late, uneven=early))
    assert not ended.promoted.any() and not ended.rolled_back.any() and ended.day == 3


def test_growthbooks_interval_is_that_of_gbstats():
    # gbstats 0.8.0, SequentialTwoSidedTTest at alpha 0.1 of two means of 1,000 with a variance of 0.0475.
    n, variance = 1000.0, 0.0475
    half = 0.027884054098801868
    for over, failed in ((0.999, False), (1.001, True)):
        control = NaiveArm(*(np.array([[each]]) for each in (n, 100.0, n * (variance + 0.01))))
        mean = 0.1 + half * over
        canary = NaiveArm(*(np.array([[each]]) for each in (n, n * mean, n * (variance + mean**2))))
        ends = growthbook(_trials(days=np.array([1.0]), naive=(canary, control)))
        assert ends.rolled_back.all() == failed


def test_a_lost_row_that_is_counted_is_an_unlabelled_unit_and_one_that_is_not_makes_the_arms_uneven():
    draw = np.random.default_rng(0)
    lossy = Arm(rate=0.05, lost=0.2)
    counted = drawn(draw, Design(), lossy, Arm(rate=0.05), 20)
    silent = drawn(draw, Design(), replace(lossy, silent=True), Arm(rate=0.05), 20)
    assert (counted.uneven[-1, :, -1] > 9).all() and (silent.uneven[0, :, -1] > 9).all()
    assert (counted.uneven[0, :, -1] < 9).all(), "as many matured"
    assert (counted.passed < 3).all(), "a fifth of the canary may be bad"


def test_a_budget_keeps_what_a_product_of_point_ratios_does_not():
    points, budget = (chains(0.04, rule, times=4)["rate"] for rule in list(RULES)[1:])
    assert budget < 1.2 < points
