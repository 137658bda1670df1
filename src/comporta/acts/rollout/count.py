"""What a look counts: units that were answered first, and what became of those whose horizon is over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import polars as pl

from comporta.acts.rollout.first_answers import first_answers, with_outcome
from comporta.acts.rollout.pairs import count_pairs, first_pairs, with_pair_outcomes
from comporta.opened.project import OpenProject
from comporta.records import Route
from comporta.records.plan import MetricProgress, MetricTerms, ReleasePlan
from comporta.records.plan_counts import (
    ArmTally,
    ExposureBin,
    LevelCounts,
    MeanCounts,
    MetricCounts,
    PairedCounts,
    UnitCounts,
)
from comporta.records.plan_facts import PlanCounted, PlanExposed
from comporta.release.plan_bins import MaturedBins, ends_due, matured_bins
from comporta.release.plan_state import evolve
from comporta.stats.betting import level_counts


def count(
    opened: OpenProject, plan: ReleasePlan, route: Route, tallies: Sequence[ArmTally], now: datetime
) -> tuple[PlanExposed | PlanCounted, ...]:
    """The facts of what is over by now, in order; none where nothing is. tallies: of all requests, canary
    first: rows that were not logged since are units of the newest bin whose outcome nobody knows."""
    ends = ends_due(plan, now)
    due = ends or any(True for metric in plan.terms.metrics for _ in matured_bins(plan, metric, now))
    if not due:
        return ()
    units = (first_pairs if is_paired(plan) else first_answers)(opened, plan, route)
    facts: list[PlanExposed | PlanCounted] = []
    if ends:
        exposed = exposure(plan, _bins(plan, units, ends, tallies), tallies)
        facts.append(exposed)
        plan = evolve(plan, exposed, now)
    for metric in plan.terms.metrics:
        facts += _outcome_facts(opened, plan, metric, units, now)
    return tuple(facts)


def exposure(plan: ReleasePlan, bins: Sequence[ExposureBin], tallies: Sequence[ArmTally]) -> PlanExposed:
    """The fact of who was answered first in these bins."""
    return PlanExposed(plan=plan.id, bins=tuple(bins), tallies=tuple(tallies))


FEWEST = 5
"""Units of each arm that are counted together at least, but at a season's end."""


def is_paired(plan: ReleasePlan) -> bool:
    """Whether both versions score the same requests."""
    return plan.terms.decide == "paired"


def _bins(
    plan: ReleasePlan, units: pl.DataFrame, ends: list[datetime], tallies: Sequence[ArmTally]
) -> tuple[ExposureBin, ...]:
    unlogged = [
        max(0, now.unlogged - before.unlogged) for now, before in zip(tallies, plan.tallies, strict=True)
    ]
    found: list[ExposureBin] = []
    after = plan.looked
    for end in ends:
        part = _between(units, after, end)
        # Of pairs each is a unit of both.
        canary = part.height if is_paired(plan) else int(part["canary"].sum())
        extra = unlogged if end == ends[-1] else (0, 0)
        found.append(
            ExposureBin(
                until=end,
                canary=canary + extra[0],
                control=part.height - (0 if is_paired(plan) else canary) + extra[1],
            )
        )
        after = end
    return tuple(found)


def _outcome_facts(
    opened: OpenProject, plan: ReleasePlan, metric: MetricTerms, units: pl.DataFrame, now: datetime
) -> Iterator[PlanCounted]:
    groups = list(matured_bins(plan, metric, now))
    if not groups:
        return
    first, last = groups[0].after, groups[-1].bins[-1].until
    outcomes = with_pair_outcomes if is_paired(plan) else with_outcome
    found = outcomes(opened, plan.model, metric, _between(units, first, last))
    for group in groups:
        season_ends = group.season > plan.progress.get(metric.outcome, MetricProgress()).season
        few = min(group.canary, group.control) < FEWEST
        if few and group is groups[-1] and not season_ends:
            return  # what became of one unit alone would be told for ever
        yield PlanCounted(
            plan=plan.id,
            outcome=metric.outcome,
            bins=len(group.bins),
            counts=_counts(metric, _between(found, group.after, group.bins[-1].until), group),
            season=group.season,
        )


def _counts(metric: MetricTerms, units: pl.DataFrame, group: MaturedBins) -> MetricCounts:
    """Of the units that were counted when they were exposed: one that is in the log no more has no label; one
    that came into the log later counts too."""
    worse = 1.0 if metric.better == "lower" else 0.0
    if "control" in units.columns:
        pairs = count_pairs(units, worse)
        gone = max(0, group.canary - pairs.n)
        return MetricCounts(paired=pairs + PairedCounts(n=gone, unlabelled=gone))

    means = None
    if metric.cap is not None:
        means = MeanCounts(
            canary=_level_counts(metric, units, True, group.canary),
            control=_level_counts(metric, units, False, group.control),
        )

    def arm(canary: bool, n: int) -> UnitCounts:
        mine = units.filter(pl.col("canary") == canary)["value"]
        labelled, n = len(mine) - mine.null_count(), max(n, len(mine))
        return UnitCounts(n=n, bad=int((mine == worse).sum()), unlabelled=n - labelled)

    return MetricCounts(
        canary=arm(True, group.canary),
        control=arm(False, group.control),
        means=means,
    )


def _level_counts(metric: MetricTerms, units: pl.DataFrame, canary: bool, n: int) -> LevelCounts:
    assert metric.cap is not None
    mine = units.filter(pl.col("canary") == canary)["value"]
    values = mine.drop_nulls().to_numpy()
    counts = level_counts(values, *metric.cap)
    return LevelCounts(
        levels=tuple((int(level), float(counts[level])) for level in counts.nonzero()[0]),
        n=max(n, len(mine)),
        unlabelled=max(n, len(mine)) - len(values),
        sum=float(values.sum()),
        squares=float(values @ values),
    )


def _between(units: pl.DataFrame, after: datetime, until: datetime) -> pl.DataFrame:
    return units.filter((pl.col("at") > after) & (pl.col("at") <= until))
