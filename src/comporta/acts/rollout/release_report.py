"""A release by plan as people read it: gathered from its plan, its facts and what its servers counted."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import isfinite

from msgspec.structs import replace

from comporta.acts.rollout.exclusions import exclusions_of
from comporta.acts.rollout.expected_end import expected_end
from comporta.acts.rollout.history import POINTS, PlanFactAt, PlanHistory, plan_history
from comporta.acts.rollout.steering import plan_of
from comporta.acts.rollout.view import ShownMetric, ShownPlan, view_of
from comporta.opened.people import names_of_ids
from comporta.opened.permission import require_permission
from comporta.opened.project import OpenProject
from comporta.opened.removals import text_of
from comporta.records import Artifact
from comporta.records.plan import MetricTerms, ReleasePlan
from comporta.records.plan_facts import PlanEnded, PlanStepped
from comporta.release import PLANS, plans_under_way
from comporta.release.evidence import MetricEvidence, plan_evidence
from comporta.report import (
    EvidencePoint,
    ReleaseArm,
    ReleaseMoment,
    ReleaseQuestion,
    ReleaseReport,
    ReleaseStep,
    ReportedOutcome,
    sentence_of,
    state_of,
)
from comporta.report import release_codes as codes
from comporta.stats.claims import claim_of


def release_report(opened: OpenProject, name: str, *, full: bool = False) -> ReleaseReport:
    """The newest release by plan of this version. full: with the evidence over time, and how many labels came
    after their horizon, for which the log is read. Raises NotFound, Forbidden."""
    require_permission(opened, "version.read")
    return _report(opened, plan_of(opened.ledger, name, opened), full=full)


def release_reports(
    opened: OpenProject, *, every: bool = False, limit: int = 50
) -> tuple[ReleaseReport, ...]:
    """The releases under way, by model; or the newest of all, the newest first. Raises Forbidden."""
    require_permission(opened, "version.read")
    plans = plans_under_way(opened.ledger)
    if every:
        found = [plan for _, plan in opened.ledger.scan(PLANS)]
        plans = sorted(found, key=lambda plan: plan.started, reverse=True)[:limit]
    return tuple(_report(opened, plan, full=False) for plan in plans)


def _report(opened: OpenProject, plan: ReleasePlan, *, full: bool) -> ReleaseReport:
    shown, history = view_of(opened, plan), plan_history(opened, plan, POINTS if full else 0)
    terms = plan.terms
    season = timedelta(seconds=terms.season)
    until = plan.ended or shown.at
    seasons = int((until - plan.started) / season) if season and terms.metrics else 0
    found = ReleaseReport(
        project=opened.project.name,
        version=f"{plan.model}/{plan.version}",
        control="" if plan.control is None else f"{plan.model}/{plan.control}",
        plan=plan.id,
        kind=terms.kind,
        paired=terms.decide == "paired",
        state=plan.state,
        end=plan.end,
        at=shown.at,
        started=plan.started,
        ended=plan.ended,
        why=shown.why,
        by=shown.by,
        reason=_reason(opened, plan),
        alpha=terms.alpha,
        steps=_steps(plan, history),
        moments=(),
        arms=_arms(plan),
        outcomes=tuple(_outcome(plan, each, history) for each in shown.metrics),
        exclusions=exclusions_of(opened, plan, late=full),
        expected=expected_end(plan, shown.evidence, history.bins, shown.at),
        seasons=tuple(plan.started + season * each for each in range(1, seasons + 1)),
        compared=plan.compared,
        holdback=terms.holdback,
        carried=plan.carried,
    )
    found = replace(found, sentence=sentence_of(found))
    return replace(found, moments=_moments(opened, shown, found, history))


def _reason(opened: OpenProject, plan: ReleasePlan) -> str:
    reason = plan.reason
    return text_of(opened.context, opened.ledger, reason) if isinstance(reason, Artifact) else reason


def _steps(plan: ReleasePlan, history: PlanHistory) -> tuple[ReleaseStep, ...]:
    """Of a plan whose arms grow; none of another."""
    if plan.terms.kind != "canary" or plan.terms.decide == "paired":
        return ()
    began = {0: plan.started}
    began |= {each.fact.step: each.at for each in history.facts if isinstance(each.fact, PlanStepped)}
    over = plan.state == "ended"
    found = []
    for place, share in enumerate(plan.terms.steps):
        if place < plan.step or (over and place == plan.step):
            state = "over"
        elif place == plan.step:
            state = "current"
        else:
            state = "left out" if over else "next"
        found.append(ReleaseStep(share=share, state=state, began=began.get(place)))  # type: ignore[arg-type]
    return tuple(found)


def _arms(plan: ReleasePlan) -> tuple[ReleaseArm, ...]:
    versions = (plan.version, plan.control)
    return tuple(
        ReleaseArm(
            arm=arm,
            version="" if version is None else f"{plan.model}/{version}",
            units=units,
            requests=tally.requests,
            failed=tally.failed,
            slow=tally.slow,
            unlogged=tally.unlogged,
        )
        for arm, version, units, tally in zip(
            ("canary", "control"), versions, plan.exposed, plan.tallies, strict=True
        )
    )


def _moments(
    opened: OpenProject, shown: ShownPlan, report: ReleaseReport, history: PlanHistory
) -> tuple[ReleaseMoment, ...]:
    began = codes.BEGAN_CARRIED if report.carried else codes.BEGAN
    names = names_of_ids(opened)
    first = ReleaseMoment(at=report.started, what=began(control=report.control), by=report.by)
    steps = shown.plan.terms.steps
    return (first, *(_moment(each, report, names, steps) for each in history.facts))


def _moment(
    each: PlanFactAt, report: ReleaseReport, names: dict[str, str], steps: tuple[float, ...]
) -> ReleaseMoment:
    fact = each.fact
    if isinstance(fact, PlanStepped):
        what = codes.STEPPED(step=fact.step + 1, steps=len(steps), share=100 * steps[fact.step])
        return ReleaseMoment(at=each.at, what=what)
    if isinstance(fact, PlanEnded):
        return ReleaseMoment(at=each.at, what=state_of(report), by=names.get(fact.by, fact.by))
    paused = getattr(fact, "act", "") == "pause"
    by = getattr(fact, "by", "")
    what = codes.WAS_PAUSED() if paused else codes.WAS_RESUMED()
    return ReleaseMoment(at=each.at, what=what, by=names.get(by, by))


def _outcome(plan: ReleasePlan, shown: ShownMetric, history: PlanHistory) -> ReportedOutcome:
    terms = shown.terms
    # What a promotion rested on; else all that is counted.
    found = shown.season if plan.end == "promoted" and shown.season is not None else shown.now
    return ReportedOutcome(
        outcome=terms.outcome,
        better=terms.better,
        is_share=terms.cap is None,
        canary=found.canary,
        control=found.control,
        ratio=found.ratio.value,
        low=found.ratio.low,
        high=found.ratio.high,
        worst=claim_of("non_inferior", terms.margin, terms.better).ratio,
        margin=terms.margin,
        horizon=terms.horizon,
        units=found.units,
        unlabelled=found.unlabelled,
        seasons=shown.seasons,
        questions=tuple(
            ReleaseQuestion(
                question=each.question,
                evidence=each.evidence,
                limit=each.limit,
                # Only what a whole season showed settles a promotion.
                settled=each.evidence >= each.limit and (each.question == "harm" or shown.season is not None),
            )
            for each in shown.questions
        ),
        points=tuple(_point(terms, at, then) for at, then in history.points),
    )


def _point(terms: MetricTerms, at: datetime, plan: ReleasePlan) -> EvidencePoint:
    found: MetricEvidence = plan_evidence(plan).now[terms.outcome]
    asked = ("harm", "non_inferior", *(("superior",) if terms.superior else ()))
    evidence = {name: getattr(found, name) for name in asked}
    return EvidencePoint(
        at=at,
        units=found.units,
        evidence={name: value for name, value in evidence.items() if isfinite(value)},
        ratio=found.ratio.value,
        low=found.ratio.low,
        high=found.ratio.high,
    )
