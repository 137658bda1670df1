"""The terms of a model's release plan, as its declaration says: names resolved, spans in seconds."""

from __future__ import annotations

from datetime import timedelta

from comporta.project.model import Model
from comporta.records import duration
from comporta.records.outcome import Outcome
from comporta.records.plan import FuseTerms, MetricTerms, PlanTerms
from comporta.records.release_plan import BlueGreen, Canary, Fuse, ReleaseMetric, Shadow

SWAP_WITHIN = 86_400.0
"""Seconds after which a blue/green plan ends that not every server could load."""
UNDECLARED = ("error", "latency")
"""Outcomes that a plan may name without their being declared."""


def plan_terms(model: Model, declared: BlueGreen | Canary | Shadow) -> PlanTerms:
    """Of a declaration without faults."""
    if isinstance(declared, Canary):
        return _of_canary(model, declared)
    if isinstance(declared, Shadow):
        return PlanTerms(
            kind="shadow",
            steps=(0.0,),
            replay=declared.rows,
            differ=declared.differ,
            deadline=_seconds(declared.deadline),
            freeze=declared.freeze,
        )
    return PlanTerms(
        kind="blue_green",
        steps=(0.0, 1.0),
        replay=declared.replay,
        differ=declared.differ,
        keep=_seconds(declared.keep),
        deadline=SWAP_WITHIN,
        fuse=_fuse(declared.fuse),
        freeze=declared.freeze,
    )


def _of_canary(model: Model, declared: Canary) -> PlanTerms:
    paired = declared.decide == "paired"
    return PlanTerms(
        kind="canary",
        steps=(0.0,) if paired else tuple(each / 100 for each in declared.percent),
        metrics=tuple(metric_terms(model, declared, each) for each in declared.metrics),
        dwell=_seconds(declared.dwell),
        season=_seconds(declared.season),
        deadline=_seconds(declared.deadline),
        alpha=declared.alpha,
        decide=declared.decide,
        missing=declared.missing,
        fuse=_fuse(declared.fuse),
        holdback=declared.holdback / 100,
        freeze=declared.freeze,
    )


def metric_terms(model: Model, declared: Canary, asked: ReleaseMetric | str) -> MetricTerms:
    """A metric with the outcome that it names. Raises KeyError where there is none."""
    metric = ReleaseMetric(asked) if isinstance(asked, str) else asked
    outcome = outcomes_of(model)[metric.outcome]
    waits = outcome.horizon if outcome.horizon is not None else declared.horizon
    return MetricTerms(
        outcome=outcome.name,
        of=outcome.of,
        better=outcome.better,
        horizon=0.0 if outcome.of == "latency" else _seconds(waits),
        cap=outcome.cap,
        limit=declared.fuse.latency if outcome.limit is None else outcome.limit,
        margin=metric.margin,
        harm=metric.harm,
        superior=metric.superior,
        budget=2 * metric.margin if metric.budget is None else metric.budget,
    )


def outcomes_of(model: Model) -> dict[str, Outcome]:
    """Those a plan of the model can name."""
    usual = {name: Outcome(name, name) for name in UNDECLARED}  # type: ignore[arg-type]
    return {**usual, **{each.name: each for each in model.outcomes}}


def _fuse(fuse: Fuse) -> FuseTerms:
    return FuseTerms(failures=fuse.failures, slow=fuse.slow, latency=fuse.latency, least=fuse.least)


def _seconds(span: str | timedelta) -> float:
    return duration(span).total_seconds()
