"""What the counts of a plan show: of each metric the evidence for each question, and its ratio. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from comporta.records import Record
from comporta.records.betting_evidence import MeanSums
from comporta.records.outcome import Better
from comporta.records.plan import MetricProgress, MetricTerms, ReleasePlan
from comporta.records.plan_counts import ArmTally, LevelCounts, MeanCounts, MetricCounts, UnitCounts
from comporta.release.margin_spending import spent_with
from comporta.stats.arm_evidence import RatioSequence, arm_evidence, ratio_sequence
from comporta.stats.betting import (
    LEVELS,
    evidence_of_levels,
    mean_evidence,
    mean_ratio_sequence,
    scheme_of,
)
from comporta.stats.paired_evidence import paired_evidence, paired_ratio_sequence
from comporta.stats.sample_ratio import sample_ratio


class MetricEvidence(Record, frozen=True, kw_only=True):
    """harm, non_inferior, superior: logarithms of e-values, each against its opposite. ratio: the canary's
    rate over the control's. canary, control: their rates, or means, of labelled units; None where there are
    none. units: in the smaller arm. unlabelled: the share of them all without a label."""

    harm: float
    non_inferior: float
    superior: float
    ratio: RatioSequence
    canary: float | None
    control: float | None
    units: int
    unlabelled: float


class StageRatio(Record, frozen=True, kw_only=True):
    """How many units of each arm reached a stage: were `exposed`, `matured` or `labelled`. log_e: of the
    evidence that the arms are not alike in that."""

    stage: str
    canary: int
    control: int
    log_e: float


class PlanEvidence(Record, frozen=True, kw_only=True):
    """now: of each metric what all its counts show. season: what those until the end of the last whole season
    show; a metric that has had none is not in it. stages: of units. spending: how much worse, at most, this
    release and those before it since the anchor made each metric. recent: the canary's requests since units
    were counted last."""

    now: Mapping[str, MetricEvidence] = {}
    season: Mapping[str, MetricEvidence] = {}
    stages: tuple[StageRatio, ...] = ()
    spending: Mapping[str, float] = {}
    recent: ArmTally = ArmTally()


def plan_evidence(plan: ReleasePlan, earlier: Sequence[ReleasePlan] = ()) -> PlanEvidence:
    """What the plan's counts show. earlier: promoted plans of the model since its anchor."""
    # Each end of the interval at alpha, as the questions are asked of one side.
    alpha = 2 * plan.terms.alpha
    now: dict[str, MetricEvidence] = {}
    season: dict[str, MetricEvidence] = {}
    for metric in plan.terms.metrics:
        found = plan.progress.get(metric.outcome, MetricProgress())
        now[metric.outcome] = metric_evidence(metric, found.counts, alpha)
        if found.season:
            season[metric.outcome] = metric_evidence(metric, found.season_counts, alpha)
    spent = {each.outcome: spent_with(plan, earlier, each) for each in plan.terms.metrics}
    return PlanEvidence(now=now, season=season, stages=_stages(plan), spending=spent)


def metric_evidence(metric: MetricTerms, counts: MetricCounts, alpha: float) -> MetricEvidence:
    """What these counts show of a metric. alpha: of the interval."""
    if counts.paired is not None:
        return _paired_evidence(metric, counts, alpha)
    if metric.cap is not None:
        return _mean_evidence(metric, counts.means or MeanCounts(), alpha)
    canary, control, better = counts.canary, counts.control, metric.better
    return MetricEvidence(
        harm=float(arm_evidence("harm", canary, control, metric.harm, better)),
        non_inferior=float(arm_evidence("non_inferior", canary, control, metric.margin, better)),
        superior=float(arm_evidence("superior", canary, control, better=better)),
        ratio=ratio_sequence(canary, control, alpha, better),
        canary=_arm_rate(canary, better),
        control=_arm_rate(control, better),
        units=min(canary.n, control.n),
        unlabelled=_rate(canary.unlabelled + control.unlabelled, canary.n + control.n) or 0.0,
    )


def _paired_evidence(metric: MetricTerms, counts: MetricCounts, alpha: float) -> MetricEvidence:
    pairs, better = counts.paired, metric.better
    assert pairs is not None
    labelled = pairs.n - pairs.unlabelled
    return MetricEvidence(
        harm=float(paired_evidence("harm", pairs, metric.harm, better, alike=pairs.alike)),
        non_inferior=float(paired_evidence("non_inferior", pairs, metric.margin, better, alike=pairs.alike)),
        superior=float(paired_evidence("superior", pairs, better=better, alike=pairs.alike)),
        ratio=paired_ratio_sequence(pairs, alpha, better, alike=pairs.alike),
        canary=_arm_rate(UnitCounts(n=labelled, bad=pairs.both + pairs.canary), better),
        control=_arm_rate(UnitCounts(n=labelled, bad=pairs.both + pairs.control), better),
        units=pairs.n,
        unlabelled=_rate(pairs.unlabelled, pairs.n) or 0.0,
    )


def _mean_evidence(metric: MetricTerms, counts: MeanCounts, alpha: float) -> MetricEvidence:
    assert metric.cap is not None
    low, high = metric.cap
    center = low if metric.center is None else metric.center
    scheme = scheme_of(low, high, center, margin=metric.margin, harm=metric.harm, better=metric.better)
    sums = [
        MeanSums(n=arm.n, unlabelled=arm.unlabelled, sum=arm.sum, squares=arm.squares)
        for arm in (counts.canary, counts.control)
    ]
    found = evidence_of_levels(scheme, _levels(counts.canary), _levels(counts.control), *sums)
    return MetricEvidence(
        harm=mean_evidence("harm", found, metric.harm, metric.better),
        non_inferior=mean_evidence("non_inferior", found, metric.margin, metric.better),
        superior=mean_evidence("superior", found, better=metric.better),
        ratio=mean_ratio_sequence(found, alpha),
        canary=_mean(counts.canary),
        control=_mean(counts.control),
        units=min(counts.canary.n, counts.control.n),
        unlabelled=_rate(
            counts.canary.unlabelled + counts.control.unlabelled, counts.canary.n + counts.control.n
        )
        or 0.0,
    )


def _levels(arm: LevelCounts) -> NDArray[np.float64]:
    found = np.zeros(LEVELS)
    for level, count in arm.levels:
        found[level] = count
    return found


def _mean(arm: LevelCounts) -> float | None:
    labelled = arm.n - arm.unlabelled
    return arm.sum / labelled if labelled else None


def _stages(plan: ReleasePlan) -> tuple[StageRatio, ...]:
    """Of a plan with two arms: how alike these are. Matured and labelled units are those of the metric that
    waits longest: of them most can be lost."""
    if plan.terms.decide == "paired" or not plan.terms.metrics:
        return ()
    longest = max(plan.terms.metrics, key=lambda each: each.horizon)
    counts = plan.progress.get(longest.outcome, MetricProgress()).counts
    return (
        _stage("exposed", *plan.exposed),
        _stage("matured", counts.canary.n, counts.control.n),
        _stage("labelled", _label_count(counts.canary), _label_count(counts.control)),
    )


def _stage(stage: str, canary: int, control: int) -> StageRatio:
    return StageRatio(stage=stage, canary=canary, control=control, log_e=float(sample_ratio(canary, control)))


def _label_count(arm: UnitCounts) -> int:
    return arm.n - arm.unlabelled


def _arm_rate(arm: UnitCounts, better: Better) -> float | None:
    """Of the outcome that the ratio is of: the worse one, or the good one where more of it is better."""
    labelled = _label_count(arm)
    return _rate(arm.bad if better == "lower" else labelled - arm.bad, labelled)


def _rate(part: int, of: int) -> float | None:
    return part / of if of else None
