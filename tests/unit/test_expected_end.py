"""When a plan may end is told from its counts so far: checked against plans drawn from nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from comporta.acts.rollout.expected_end import expected_end
from comporta.acts.rollout.history import SharedBin, units_a_second
from comporta.records.plan import MetricProgress, MetricTerms, PlanTerms, ReleasePlan
from comporta.records.plan_counts import MetricCounts, PairedCounts, UnitCounts
from comporta.release.evidence import plan_evidence
from comporta.stats.release_power import PlannedMetric, release_power

START = datetime(2026, 12, 1, tzinfo=UTC)
DAY = 86_400.0


def plan(counts: MetricCounts, units: int, days: float, **terms: Any) -> ReleasePlan:
    metric = MetricTerms(
        outcome="error", of="error", better="lower", horizon=0.0, margin=terms.pop("margin", 0.1), harm=0.0
    )
    declared = {"steps": (0.5,), "season": 7 * DAY, "deadline": 90 * DAY, **terms}
    looked = START + timedelta(days=days)
    progress = MetricProgress(counts=counts, whole=counts)
    return ReleasePlan(
        id="p", model="late", version=3, control=2, by="", reason="", started=START, since=START,
        looked=looked, terms=PlanTerms(kind="canary", metrics=(metric,), **declared),
        progress={"error": progress},
        exposed=(units, units),
    )  # fmt: skip


def bins(a_day: float, days: int = 7) -> tuple[SharedBin, ...]:
    """Of both arms at half of the units each."""
    return tuple(
        SharedBin(START + timedelta(days=day), DAY, int(2 * a_day), 0.5) for day in range(1, days + 1)
    )


def arms(n: int, rate: float, missing: int = 0) -> MetricCounts:
    arm = UnitCounts(n=n, bad=round(rate * (n - missing)), unlabelled=missing)
    return MetricCounts(canary=arm, control=arm)


@pytest.mark.parametrize(("base", "a_day", "margin"), [(0.05, 3000, 0.1), (0.2, 400, 0.2)])
def test_it_is_within_a_season_of_what_drawn_plans_take(base: float, a_day: int, margin: float) -> None:
    drawn = release_power(PlannedMetric(base=base, units=a_day, days=90, margin=margin)).days
    asked = plan(arms(a_day, base), a_day, 1, margin=margin)
    found = expected_end(asked, plan_evidence(asked), bins(a_day, 1), START + timedelta(days=1))
    assert found is not None and found.days is not None and drawn is not None
    assert found.units == pytest.approx(a_day, rel=0.01)
    assert abs(found.days + 1 - drawn) <= 7.1


def test_more_is_expected_where_labels_are_missing_and_never_where_all_are_needed() -> None:
    whole, some, most = (plan(arms(2000, 0.1, lost), 2000, 1) for lost in (0, 10, 1000))
    days = [
        (expected_end(each, plan_evidence(each), bins(2000, 1), START + timedelta(days=1)))
        for each in (whole, some, most)
    ]
    assert days[0] is not None and days[1] is not None and days[2] is not None
    assert days[0].days is not None and days[1].days is not None and days[0].days <= days[1].days
    assert days[2].days is None and days[2].deadline == START + timedelta(days=90)


def test_of_few_units_nothing_is_expected_and_of_an_ended_plan_there_is_nothing() -> None:
    few = plan(arms(10, 0.1), 10, 1)
    found = expected_end(few, plan_evidence(few), bins(10, 1), START)
    assert found is not None and found.units is None and found.days is None
    paired = plan(
        MetricCounts(paired=PairedCounts(n=4000, both=300, canary=100, control=100)), 4000, 1, decide="paired"
    )
    soon = expected_end(paired, plan_evidence(paired), bins(2000, 1), START + timedelta(days=1))
    assert soon is not None and soon.days == pytest.approx(6, abs=0.1)


def test_the_rate_of_units_is_of_the_newest_season_whatever_the_step_was() -> None:
    early = tuple(SharedBin(START + timedelta(days=day), DAY, 10, 0.05) for day in range(1, 4))
    late = tuple(SharedBin(START + timedelta(days=day), DAY, 100, 0.5) for day in range(4, 8))
    assert (units_a_second((*early, *late), 30 * DAY) or 0) * DAY == pytest.approx(100)
    assert units_a_second((), 30 * DAY) is None
