"""What of a plan's traffic does not count, or not as it would, and why."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
from msgspec.structs import replace

from comporta.acts.rollout.first_answers import first_answers, with_outcome
from comporta.acts.serve.serving_log import scan_all_feedback
from comporta.opened.project import OpenProject
from comporta.records import Text
from comporta.records.duration import duration_text
from comporta.records.plan import MetricProgress, MetricTerms, ReleasePlan
from comporta.records.plan_counts import MetricCounts
from comporta.release import ROUTES
from comporta.report import ReleaseExclusion
from comporta.report import release_codes as codes


def exclusions_of(opened: OpenProject, plan: ReleasePlan, *, late: bool) -> tuple[ReleaseExclusion, ...]:
    """Each kind of which there is any. late: also how many labels came after their horizon, for which the log
    is read."""
    canary, control = plan.tallies
    without = sum(each.without_unit for each in plan.tallies)
    found = [
        ReleaseExclusion(
            what=codes.WITHOUT_UNIT(),
            canary=None,
            control=None,
            total=without,
            why=codes.WITHOUT_UNIT_WHY(),
        ),
        _of_arms(codes.UNLOGGED(), (canary.unlogged, control.unlogged), codes.UNLOGGED_WHY()),
    ]
    for metric in plan.terms.metrics:
        found += _of_metric(opened, plan, metric, late=late)
    return tuple(each for each in found if each.total)


def _of_metric(
    opened: OpenProject, plan: ReleasePlan, metric: MetricTerms, *, late: bool
) -> tuple[ReleaseExclusion, ...]:
    progress = plan.progress.get(metric.outcome, MetricProgress())
    name, horizon = metric.outcome, duration_text(timedelta(seconds=metric.horizon))
    canary, control = _units(progress.counts)
    missing = _unlabelled(progress.counts)
    share = (missing[0] + missing[1]) / max(1, canary + control)
    why = codes.UNLABELLED_WHY_PLAIN(share=share, horizon=horizon)
    if late and any(missing) and metric.of != "latency" and metric.horizon:
        too_late = _labels_too_late(opened, plan, metric)
        why = codes.UNLABELLED_WHY(share=share, late=too_late, horizon=horizon)
    exposed, whole = plan.exposed, _units(progress.season_counts)
    waits = (max(0, exposed[0] - canary), max(0, exposed[1] - control))
    rest = (canary - whole[0], control - whole[1])
    wait = codes.WAITING_WHY(horizon=horizon) if plan.state != "ended" else codes.WAITING_ENDED_WHY()
    found = (
        _of_arms(codes.UNLABELLED(outcome=name), missing, why),
        _of_arms(codes.WAITING(outcome=name), waits, wait),
        _of_arms(codes.UNFINISHED(outcome=name), rest, codes.UNFINISHED_WHY()),
    )
    return tuple(map(_as_pairs, found)) if progress.counts.paired is not None else found


def _as_pairs(each: ReleaseExclusion) -> ReleaseExclusion:
    """Of units that both versions scored: told once."""
    return replace(each, canary=None, control=None, total=each.canary or 0)


def _of_arms(what: Text, arms: tuple[int, int], why: Text) -> ReleaseExclusion:
    canary, control = arms
    return ReleaseExclusion(what=what, canary=canary, control=control, total=canary + control, why=why)


def _units(counts: MetricCounts) -> tuple[int, int]:
    if counts.paired is not None:
        return counts.paired.n, counts.paired.n
    return counts.canary.n, counts.control.n


def _unlabelled(counts: MetricCounts) -> tuple[int, int]:
    if counts.paired is not None:
        return counts.paired.unlabelled, counts.paired.unlabelled
    return counts.canary.unlabelled, counts.control.unlabelled


def _labels_too_late(opened: OpenProject, plan: ReleasePlan, metric: MetricTerms) -> int:
    """How many units, whose horizon is over, got their first label after it."""
    route = opened.ledger.get(ROUTES, plan.model)
    if route is None:
        return 0
    over = opened.now() - timedelta(seconds=metric.horizon)
    units = first_answers(opened, plan, route).filter(pl.col("at") <= over)
    without = with_outcome(opened, plan.model, metric, units).filter(pl.col("value").is_null())
    labelled = scan_all_feedback(opened).select("id").unique().collect()
    return without.join(labelled, on="id", how="semi").height
