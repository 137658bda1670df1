"""A release plan as it is shown: where it stands, each metric against its limits, what follows."""

from __future__ import annotations

from datetime import datetime
from math import log

from comporta.acts.rollout.turn import next_act
from comporta.opened.people import names_of_ids
from comporta.opened.project import OpenProject
from comporta.records import Record
from comporta.records.message import Text
from comporta.records.plan import MetricProgress, MetricTerms, PlanAct, ReleasePlan
from comporta.records.plan_counts import MetricCounts
from comporta.release.evidence import MetricEvidence, PlanEvidence, plan_evidence


class ShownQuestion(Record, frozen=True, kw_only=True):
    """A question of a metric: `harm`, `non_inferior` or `superior`. evidence: logarithm of its e-value.
    limit: at which it is answered with yes."""

    question: str
    evidence: float
    limit: float


class ShownMetric(Record, frozen=True, kw_only=True):
    """now: of all that is counted; season: of what was counted until the last whole season ended, if one did.
    looked: how many whole seasons are over."""

    terms: MetricTerms
    counts: MetricCounts
    now: MetricEvidence
    season: MetricEvidence | None
    seasons: int
    questions: tuple[ShownQuestion, ...]


class ShownPlan(Record, frozen=True, kw_only=True):
    """next: what it would do now, and why. evidence: of all its counts. by: the name of who began it,
    where it is known."""

    plan: ReleasePlan
    at: datetime
    next: PlanAct | None
    why: Text
    metrics: tuple[ShownMetric, ...]
    evidence: PlanEvidence
    by: str


def view_of(opened: OpenProject, plan: ReleasePlan) -> ShownPlan:
    """This plan, as its counts are now."""
    evidence, now = plan_evidence(plan), opened.now()
    following = None if plan.state == "ended" else next_act(opened, plan, now)
    return ShownPlan(
        plan=plan,
        at=now,
        next=None if following is None else following.act,
        why=plan.why if following is None else following.why,
        metrics=tuple(
            _metric(plan, each, evidence.now[each.outcome], evidence.season.get(each.outcome))
            for each in plan.terms.metrics
        ),
        evidence=evidence,
        by=names_of_ids(opened).get(plan.by, plan.by),
    )


def _metric(
    plan: ReleasePlan, metric: MetricTerms, now: MetricEvidence, season: MetricEvidence | None
) -> ShownMetric:
    alpha, count = plan.terms.alpha, len(plan.terms.metrics)
    found = plan.progress.get(metric.outcome, MetricProgress())
    held = season or now
    questions = [
        ShownQuestion(question="harm", evidence=now.harm, limit=log(count / alpha)),
        ShownQuestion(question="non_inferior", evidence=held.non_inferior, limit=log(1 / alpha)),
    ]
    if metric.superior:
        questions.append(ShownQuestion(question="superior", evidence=held.superior, limit=log(1 / alpha)))
    return ShownMetric(
        terms=metric,
        counts=found.counts,
        now=now,
        season=season,
        seasons=found.season,
        questions=tuple(questions),
    )
