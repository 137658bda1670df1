"""What a plan does next. Pure: its state, what its counts show and the time → one decision, with its reason.

Harm is asked at every look, at alpha shared by the metrics. Non-inferiority and superiority are asked at the
end of whole seasons alone, on what was counted until then, each metric at all of alpha: a version is promoted
only where every one of them holds. At the deadline it is rolled back undecided.
Why: docs/why/release-decision.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from math import inf, log

from comporta.records.message import Message
from comporta.records.plan import MetricTerms, PlanDecision, PlanTerms, ReleasePlan
from comporta.records.plan_counts import ArmTally
from comporta.release import codes
from comporta.release.evidence import MetricEvidence, PlanEvidence, StageRatio
from comporta.stats.arm_evidence import RatioSequence
from comporta.stats.sample_ratio import SAMPLE_RATIO_ALPHA


def decide(plan: ReleasePlan, shown: PlanEvidence, now: datetime, frozen: datetime | None) -> PlanDecision:
    """The next act of a canary under way. frozen: until when nothing advances, or None."""
    terms = plan.terms
    for tally in (shown.recent, plan.tallies[0]):
        if (why := fuse_reason(terms, tally)) is not None:
            return PlanDecision(act="roll_back", why=why)
    if (why := _harm_reason(terms, shown.now)) is not None:
        return PlanDecision(act="roll_back", why=why)
    if (why := _ratio_reason(shown.stages)) is not None:
        return PlanDecision(act="inconclusive", why=why)
    last = plan.step >= len(terms.steps) - 1
    may_advance = plan.state == "running" and frozen is None
    if may_advance and last and (why := _pass_reason(terms, shown.season)) is not None:
        if (over := _budget_reason(terms, shown.spending)) is not None:
            return PlanDecision(act="inconclusive", why=over)
        return PlanDecision(act="promote", why=why)
    if now >= plan.started + timedelta(seconds=terms.deadline):
        return PlanDecision(act="inconclusive", why=_deadline_reason(terms, shown.now))
    if plan.state == "paused":
        return PlanDecision(act="wait", why=codes.PAUSED())
    if frozen is not None:
        return PlanDecision(act="wait", why=codes.FROZEN(until=minute_text(frozen)))
    if not last:
        return _next_step(plan, now)
    return PlanDecision(act="wait", why=_open_reason(terms, shown))


def fuse_reason(terms: PlanTerms, canary: ArmTally) -> Message | None:
    """Why the fuse of these terms ends the plan, as the canary's requests are; None where it does not."""
    fuse = terms.fuse
    if fuse is None or canary.requests < max(1, fuse.least):
        return None
    if (share := canary.failed / canary.requests) > fuse.failures:
        return codes.FUSE_FAILURES(
            failed=canary.failed, requests=canary.requests, share=share, limit=fuse.failures
        )
    if fuse.latency is not None and (share := canary.slow / canary.requests) > fuse.slow:
        return codes.FUSE_SLOW(
            slow=canary.slow, requests=canary.requests, latency=fuse.latency, share=share, limit=fuse.slow
        )
    return None


def _harm_reason(terms: PlanTerms, shown: Mapping[str, MetricEvidence]) -> Message | None:
    bound = log(len(terms.metrics) / terms.alpha) if terms.metrics else inf
    for metric in terms.metrics:
        found = shown.get(metric.outcome)
        if found is not None and found.harm >= bound:
            return codes.HARM(outcome=metric.outcome, rates=_rates(found))
    return None


def _ratio_reason(stages: tuple[StageRatio, ...]) -> Message | None:
    bound = log(len(stages) / SAMPLE_RATIO_ALPHA) if stages else inf
    for stage in stages:
        if stage.log_e >= bound:
            return codes.ARMS_DIFFER(canary=stage.canary, control=stage.control, stage=stage.stage)
    return None


def _pass_reason(terms: PlanTerms, season: Mapping[str, MetricEvidence]) -> Message | None:
    """Why every metric holds; None where one does not, or there is none."""
    if not terms.metrics or any(not holds(metric, season, terms.alpha) for metric in terms.metrics):
        return None
    return codes.PASSED(findings=tuple(_finding(each, season[each.outcome]) for each in terms.metrics))


def _budget_reason(terms: PlanTerms, spent: Mapping[str, float]) -> Message | None:
    for metric in terms.metrics:
        if (share := spent.get(metric.outcome, 0.0)) > metric.budget:
            return codes.BUDGET(outcome=metric.outcome, spent=share, budget=metric.budget)
    return None


def holds(metric: MetricTerms, season: Mapping[str, MetricEvidence], alpha: float) -> bool:
    """Whether a metric showed, at the end of a whole season, all that the plan asks of it."""
    found = season.get(metric.outcome)
    if found is None or found.non_inferior < (bound := log(1 / alpha)):
        return False
    return not metric.superior or found.superior >= bound


def _finding(metric: MetricTerms, found: MetricEvidence) -> Message:
    rates = _rates(found)
    if metric.superior:
        return codes.SUPERIOR(outcome=metric.outcome, rates=rates)
    return codes.NON_INFERIOR(outcome=metric.outcome, rates=rates, margin=metric.margin)


def _deadline_reason(terms: PlanTerms, shown: Mapping[str, MetricEvidence]) -> Message:
    return codes.DEADLINE(days=terms.deadline / 86_400, findings=_open_metrics(terms, shown))


def _open_metrics(terms: PlanTerms, shown: Mapping[str, MetricEvidence]) -> tuple[Message, ...]:
    return tuple(
        codes.OPEN_METRIC(
            outcome=each.outcome,
            rates=_rates(found),
            units=found.units,
            unlabelled=found.unlabelled,
        )
        for each in terms.metrics
        if (found := shown.get(each.outcome)) is not None
    )


def _open_reason(terms: PlanTerms, shown: PlanEvidence) -> Message:
    return codes.UNDECIDED_YET(findings=_open_metrics(terms, shown.now))


def _next_step(plan: ReleasePlan, now: datetime) -> PlanDecision:
    steps = plan.terms.steps
    until = plan.since + timedelta(seconds=plan.terms.dwell)
    if now < until:
        share = steps[plan.step]
        why = codes.DWELLS(step=plan.step + 1, steps=len(steps), share=share, until=minute_text(until))
        return PlanDecision(act="wait", why=why)
    step = plan.step + 1
    return PlanDecision(
        act="step", step=step, why=codes.STEPS_ON(step=step + 1, steps=len(steps), share=steps[step])
    )


def _rates(found: MetricEvidence) -> Message:
    if found.canary is None or found.control is None:
        return codes.NO_RATE()
    return codes.ARMS_RATE(canary=found.canary, control=found.control, ratio=_ratio(found.ratio))


def _ratio(ratio: RatioSequence) -> Message:
    if ratio.value is None:
        return codes.NO_RATIO()
    low, high = (None if each is None else round(each, 3) for each in (ratio.low, ratio.high))
    if low is None and high is None:
        return codes.RATIO_ALONE(value=ratio.value)
    if high is None:
        return codes.RATIO_FROM(value=ratio.value, low=low)
    return codes.RATIO(value=ratio.value, low=low or 0.0, high=high)


def minute_text(at: datetime) -> str:
    """As people read it."""
    return f"{at:%Y-%m-%d %H:%M} UTC"
