"""What releases of a model spent of its margins, one after the other, since an anchor. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, sqrt

from comporta.records.plan import MetricTerms, ReleasePlan
from comporta.records.plan_counts import LevelCounts, MetricCounts, UnitCounts
from comporta.stats.margin_budget import PromotedRatio, log_error, spent_margin


def spent_with(plan: ReleasePlan, earlier: Sequence[ReleasePlan], metric: MetricTerms) -> float:
    """How much worse, at most, this plan's version may be than the anchor's by this metric: 0.1 is a tenth.
    earlier: promoted plans of the model since its anchor; those without the metric spend nothing."""
    found = [_promoted_ratio(each, metric) for each in (*earlier, plan)]
    return spent_margin([each for each in found if each is not None], metric.better)


def is_anchor(plan: ReleasePlan) -> bool:
    """Whether spending begins anew behind this plan: its version was shown to be better by every metric, or a
    person promoted it."""
    metrics = plan.terms.metrics
    by_hand = plan.end == "promoted" and plan.ended_by != ""
    return by_hand or (plan.end == "promoted" and bool(metrics) and all(each.superior for each in metrics))


def _promoted_ratio(plan: ReleasePlan, metric: MetricTerms) -> PromotedRatio | None:
    progress = plan.progress.get(metric.outcome)
    return None if progress is None else _ratio_of(progress.season_counts, metric)


def _ratio_of(counts: MetricCounts, metric: MetricTerms) -> PromotedRatio | None:
    if counts.means is not None:
        canary, control = _mean_error(counts.means.canary), _mean_error(counts.means.control)
        error = sqrt(canary[1] ** 2 + control[1] ** 2)
        return PromotedRatio(canary[0] / control[0], error) if control[0] > 0 and canary[0] > 0 else None
    if counts.paired is not None:
        pairs = counts.paired
        labelled = pairs.n - pairs.unlabelled
        mine, theirs = (pairs.both + pairs.canary, labelled), (pairs.both + pairs.control, labelled)
    else:
        mine, theirs = _events(counts.canary, metric), _events(counts.control, metric)
    if (error := log_error(mine, theirs)) == inf:
        return None
    return PromotedRatio(mine[0] / mine[1] / (theirs[0] / theirs[1]), error)


def _events(arm: UnitCounts, metric: MetricTerms) -> tuple[int, int]:
    labelled = arm.n - arm.unlabelled
    return (arm.bad if metric.better == "lower" else labelled - arm.bad), labelled


def _mean_error(arm: LevelCounts) -> tuple[float, float]:
    """The mean, and the standard error of its logarithm."""
    n = arm.n - arm.unlabelled
    if n < 2 or arm.sum <= 0:
        return 0.0, inf
    mean = arm.sum / n
    return mean, sqrt(max(arm.squares / n - mean**2, 0.0) / n) / mean
