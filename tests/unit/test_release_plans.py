"""What a plan's counts show, when it advances, and in which spans of time it counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from msgspec.structs import replace

from comporta.opened.sentences import sentence
from comporta.records.freeze import Freeze, frozen_until, require_freeze
from comporta.records.plan import FuseTerms, MetricProgress, MetricTerms, PlanTerms, ReleasePlan
from comporta.records.plan_counts import (
    ArmTally,
    ExposureBin,
    LevelCounts,
    MeanCounts,
    MetricCounts,
    UnitCounts,
)
from comporta.records.plan_facts import PlanCounted, PlanExposed, PlanStarted
from comporta.release.evidence import metric_evidence, plan_evidence
from comporta.release.plan_bins import LAG, bin_seconds, ends_due, matured_bins
from comporta.release.plan_decision import decide
from comporta.release.plan_state import begin, evolve
from comporta.stats.betting import level_counts

START = datetime(2026, 12, 1, tzinfo=UTC)
DAY = timedelta(days=1)
ERROR = MetricTerms(outcome="error", of="error", better="lower", horizon=864_000.0, margin=0.1, harm=0.0)
TERMS = PlanTerms(
    kind="canary",
    steps=(0.05, 0.5),
    metrics=(ERROR,),
    dwell=3600.0,
    season=604_800.0,
    deadline=60 * 86_400.0,
    fuse=FuseTerms(failures=0.05, slow=0.5, latency=None, least=50),
)


def plan_of(terms: PlanTerms = TERMS) -> ReleasePlan:
    started = PlanStarted(plan="p", model="late", version=2, control=1, terms=terms, by="", reason="")
    return begin(started, START, None)


def counted(plan: ReleasePlan, canary: UnitCounts, control: UnitCounts, season: int) -> ReleasePlan:
    counts = MetricCounts(canary=canary, control=control)
    exposed = PlanExposed(
        plan="p",
        bins=(ExposureBin(until=START + DAY, canary=canary.n, control=control.n),),
        tallies=(ArmTally(), ArmTally()),
    )
    plan = evolve(plan, exposed, START + DAY)
    fact = PlanCounted(plan="p", outcome="error", bins=1, counts=counts, season=season)
    return replace(evolve(plan, fact, START + DAY), step=1)


@dataclass
class Case:
    canary: UnitCounts
    control: UnitCounts
    season: int
    act: str


EQUAL = UnitCounts(n=60_000, bad=3_000)
CASES = {
    "equal at the end of a season": Case(EQUAL, EQUAL, 1, "promote"),
    "equal in the midst of one": Case(EQUAL, EQUAL, 0, "wait"),
    "worse": Case(UnitCounts(n=6_000, bad=600), UnitCounts(n=6_000, bad=300), 0, "roll_back"),
    "worse but for labels that never came": Case(
        UnitCounts(n=60_000, bad=2_700, unlabelled=600), EQUAL, 1, "wait"
    ),
    "an arm that lost units": Case(UnitCounts(n=56_000, bad=2_800), EQUAL, 1, "inconclusive"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_plan_decides_on_what_was_counted(case: Case) -> None:
    plan = counted(plan_of(), case.canary, case.control, case.season)
    assert decide(plan, plan_evidence(plan), START + 2 * DAY, None).act == case.act


def test_margins_are_a_budget_that_releases_spend_together() -> None:
    worse = UnitCounts(n=60_000, bad=3_150)
    plan = counted(plan_of(), worse, EQUAL, 1)
    before = tuple(replace(plan, id=f"p{each}", end="promoted", state="ended") for each in range(3))
    assert decide(plan, plan_evidence(plan), START + 2 * DAY, None).act == "wait"
    equal = counted(plan_of(), EQUAL, EQUAL, 1)
    assert decide(equal, plan_evidence(equal, before[:1]), START + 2 * DAY, None).act == "promote"
    decision = decide(equal, plan_evidence(equal, before), START + 2 * DAY, None)
    assert decision.act == "inconclusive"
    assert "worse together, more than the 20% allowed" in sentence(decision.why)


def test_where_more_is_better_the_rates_shown_are_of_what_the_ratio_is_of() -> None:
    bought = replace(ERROR, outcome="bought", of="label", better="higher")
    counts = MetricCounts(canary=UnitCounts(n=1000, bad=900), control=UnitCounts(n=1000, bad=950))
    found = metric_evidence(bought, counts, 0.1)
    assert (found.canary, found.control, found.ratio.value) == (0.1, 0.05, 2.0)


def test_a_frozen_or_paused_plan_promotes_nothing_and_is_rolled_back_all_the_same() -> None:
    good = counted(plan_of(), EQUAL, EQUAL, 1)
    bad = counted(plan_of(), CASES["worse"].canary, CASES["worse"].control, 0)
    frozen = START + 9 * DAY
    for plan, act in ((good, "wait"), (bad, "roll_back")):
        assert decide(plan, plan_evidence(plan), START + 2 * DAY, frozen).act == act
        paused = replace(plan, state="paused")
        assert decide(paused, plan_evidence(paused), START + 2 * DAY, None).act == act


def test_at_its_deadline_a_plan_is_undecided_and_says_what_it_saw() -> None:
    plan = counted(plan_of(), UnitCounts(n=900, bad=45), UnitCounts(n=900, bad=44), 1)
    decision = decide(plan, plan_evidence(plan), START + 60 * DAY, None)
    assert decision.act == "inconclusive"
    assert sentence(decision.why).startswith(
        "undecided after 60 days: error: 0.05 against 0.0489, ratio 1.02"
    )


def test_several_metrics_share_the_chance_of_a_wrong_rollback_and_must_all_hold() -> None:
    other = replace(ERROR, outcome="latency", of="latency")
    plan = counted(plan_of(replace(TERMS, metrics=(ERROR, other))), EQUAL, EQUAL, 1)
    assert decide(plan, plan_evidence(plan), START + 2 * DAY, None).act == "wait"


def test_a_season_ends_with_a_bin_and_bins_are_an_hour_at_most() -> None:
    assert bin_seconds(TERMS) == 900.0
    assert bin_seconds(replace(TERMS, dwell=86_400.0)) == 3600.0
    odd = replace(TERMS, season=100_000.0, dwell=86_400.0)
    assert (100_000 / bin_seconds(odd)) % 1 == pytest.approx(0)


def test_units_of_a_bin_are_counted_once_their_horizon_is_over_season_by_season() -> None:
    plan = plan_of(replace(TERMS, season=86_400.0, dwell=86_400.0))
    now = START + timedelta(days=2, hours=5) + LAG
    ends = ends_due(plan, now)
    assert [ends[0], ends[-1], len(ends)] == [
        START + timedelta(hours=1),
        START + timedelta(days=2, hours=5),
        53,
    ]
    bins = tuple(ExposureBin(until=end, canary=1, control=1) for end in ends)
    plan = evolve(plan, PlanExposed(plan="p", bins=bins, tallies=(ArmTally(), ArmTally())), now)
    assert list(matured_bins(plan, ERROR, now)) == []
    groups = list(matured_bins(plan, ERROR, now + timedelta(days=10)))
    assert [(len(each.bins), each.season) for each in groups] == [(24, 1), (24, 2), (5, 2)]
    assert [each.after for each in groups] == [START, START + DAY, START + 2 * DAY]


def test_what_every_metric_has_counted_is_kept_no_longer() -> None:
    plan = plan_of(replace(TERMS, season=86_400.0, dwell=86_400.0))
    now = START + timedelta(hours=30) + LAG
    bins = tuple(ExposureBin(until=end, canary=1, control=1) for end in ends_due(plan, now))
    plan = evolve(plan, PlanExposed(plan="p", bins=bins, tallies=(ArmTally(), ArmTally())), now)
    fact = PlanCounted(plan="p", outcome="error", bins=24, counts=MetricCounts(), season=1)
    plan = evolve(plan, fact, now)
    assert (plan.bins_before, len(plan.bins)) == (24, 6)
    assert plan.progress["error"] == MetricProgress(bins=24, season=1)


def at(*when: int) -> datetime:
    return datetime(*when, tzinfo=UTC)  # type: ignore[arg-type, misc]


WEEKEND = Freeze("Fri 16:00", "Mon 08:00")
HOLIDAYS = Freeze("2026-12-20 00:00", "2027-01-02 08:00", "Europe/Lisbon")
ONE_DAY = Freeze("2026-07-20 00:00", "2026-07-21 00:00", "Europe/Lisbon")
FREEZES = {
    "within a week": (WEEKEND, at(2026, 12, 5), at(2026, 12, 7, 8)),
    "over its end": (Freeze("Sun 20:00", "Mon 08:00"), at(2026, 12, 7, 7), at(2026, 12, 7, 8)),
    "outside": (WEEKEND, at(2026, 12, 8), None),
    "dates": (HOLIDAYS, at(2026, 12, 31), at(2027, 1, 2, 8)),
    "a zone": (ONE_DAY, at(2026, 7, 20, 12), at(2026, 7, 20, 23)),
}


@pytest.mark.parametrize(("freeze", "now", "until"), FREEZES.values(), ids=FREEZES.keys())
def test_a_freeze_lasts_until_its_end_in_its_own_zone(
    freeze: Freeze, now: datetime, until: datetime | None
) -> None:
    require_freeze(freeze)
    assert frozen_until((freeze,), now) == until


def test_means_are_decided_by_bets_that_add_up_over_periods() -> None:
    draw = np.random.default_rng(0)
    metric = replace(ERROR, outcome="spent", of="label", better="higher", cap=(0.0, 100.0), center=20.0)

    def arm(mean: float, n: int) -> LevelCounts:
        values = np.clip(draw.exponential(mean, n), 0, 100)
        counts = level_counts(values, 0.0, 100.0)
        return LevelCounts(
            levels=tuple((int(each), float(counts[each])) for each in counts.nonzero()[0]),
            n=n, sum=float(values.sum()), squares=float(values @ values),
        )  # fmt: skip

    def found(mean: float):
        days = [MeanCounts(canary=arm(mean, 4_000), control=arm(20.0, 4_000)) for _ in range(5)]
        whole = MetricCounts()
        for each in days:
            whole = whole + MetricCounts(means=each)
        return metric_evidence(metric, whole, 0.1)

    bound = np.log(20)
    same, worse = found(20.0), found(16.0)
    assert same.harm < bound < same.non_inferior
    assert worse.non_inferior < bound < worse.harm
    assert worse.canary == pytest.approx(16, rel=0.03)
    assert worse.ratio.high < 1


def test_a_fuse_is_of_the_requests_since_the_last_count_too() -> None:
    plan = replace(plan_of(), tallies=(ArmTally(requests=10_000_000, failed=100), ArmTally()))
    calm = plan_evidence(plan)
    assert decide(plan, calm, START + DAY, None).act == "step"
    outage = replace(calm, recent=ArmTally(requests=400, failed=400))
    assert decide(plan, outage, START + DAY, None).act == "roll_back"
