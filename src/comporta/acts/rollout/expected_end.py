"""When a plan under way may be expected to promote its version: what it counted, going on as of late."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil, log
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np

from comporta.acts.rollout.history import SharedBin, units_a_second
from comporta.records.plan import MetricProgress, MetricTerms, ReleasePlan
from comporta.records.plan_counts import MetricCounts, UnitCounts
from comporta.release.evidence import PlanEvidence
from comporta.release.plan_bins import LAG
from comporta.release.plan_decision import holds
from comporta.report import ExpectedEnd
from comporta.stats.arm_evidence import arm_evidence
from comporta.stats.claims import Question
from comporta.stats.paired_evidence import paired_evidence

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

DAY = 86_400.0
FEWEST = 50
"""Units in each arm with their horizon over, before anything is expected."""
MOST_SEASONS = 1000


def expected_end(
    plan: ReleasePlan, shown: PlanEvidence, bins: tuple[SharedBin, ...], now: datetime
) -> ExpectedEnd | None:
    """Of a canary under way whose outcomes are shares; None of any other plan. Both arms go on at the
    control's rate, or as far apart as they are for a metric in which the version must be better; what came
    without a label goes on to. Evidence is that of the expected counts, so half of such plans end later."""
    terms = plan.terms
    shares = bool(terms.metrics) and all(each.cap is None for each in terms.metrics)
    if plan.state == "ended" or terms.kind != "canary" or not shares or not terms.season:
        return None
    deadline = plan.started + timedelta(seconds=terms.deadline)
    rate = units_a_second(bins, terms.season)
    known = rate is not None and all(
        (found := shown.now.get(each.outcome)) is not None and found.units >= FEWEST for each in terms.metrics
    )
    needs_better = any(each.superior for each in terms.metrics)
    if not known or rate is None:
        return ExpectedEnd(units=None, days=None, at=None, deadline=deadline, needs_better=needs_better)
    share = 1.0 if terms.decide == "paired" else terms.steps[-1]
    at = _first_season(plan, shown, rate * share, now, deadline)
    return ExpectedEnd(
        units=rate * share * DAY,
        days=None if at is None else max(0.0, (at - now).total_seconds()) / DAY,
        at=at,
        deadline=deadline,
        needs_better=needs_better,
    )


def _first_season(
    plan: ReleasePlan, shown: PlanEvidence, rate: float, now: datetime, deadline: datetime
) -> datetime | None:
    """When the first season is over, with every horizon of its units, at whose end all metrics hold."""
    terms = plan.terms
    over = max((each.season for each in plan.progress.values()), default=0)
    count = min(over + MOST_SEASONS, ceil(terms.deadline / terms.season))
    ends = [plan.started + timedelta(seconds=terms.season * each) for each in range(1, count + 1)]
    held = np.ones(count, bool)
    for metric in terms.metrics:
        held &= _holds(plan, metric, shown, rate, ends)
    longest = timedelta(seconds=max(each.horizon for each in terms.metrics))
    ramp = timedelta(seconds=terms.dwell * (len(terms.steps) - 1 - plan.step))
    for end, enough in zip(ends, held, strict=True):
        asked = max(end + longest + LAG, plan.since + ramp, now)
        if enough and asked <= deadline:
            return asked
    return None


def _holds(
    plan: ReleasePlan, metric: MetricTerms, shown: PlanEvidence, rate: float, ends: list[datetime]
) -> NDArray[np.bool_]:
    """(seasons,): whether the metric shows all that is asked, at each season's end. Of seasons that are
    counted only the last can decide any more."""
    progress = plan.progress.get(metric.outcome, MetricProgress())
    counts = progress.whole
    reached = counts.canary.n if counts.paired is None else counts.paired.n
    later = np.array([(end - plan.looked).total_seconds() for end in ends])
    more = np.maximum(0.0, plan.exposed[0] - reached + rate * later)
    observed = shown.now[metric.outcome].ratio.value
    ratio = observed if metric.superior and observed is not None else 1.0
    bar = log(1 / plan.terms.alpha)
    held = _grown("non_inferior", metric.margin, metric, counts, more, ratio) >= bar
    if metric.superior:
        held &= _grown("superior", 0.0, metric, counts, more, ratio) >= bar
    if 0 < progress.season <= len(held):
        held[: progress.season - 1] = False
        held[progress.season - 1] = holds(metric, shown.season, plan.terms.alpha)
    return held


def _grown(
    question: Question, margin: float, metric: MetricTerms, counts: MetricCounts, more: Floats, ratio: float
) -> Floats:
    """The evidence once so many units more of each arm are counted."""
    if (pairs := counts.paired) is not None and pairs.n:
        times = 1 + more / pairs.n
        apart = (pairs.canary + pairs.control) / 2
        mine, theirs = (apart, apart) if ratio == 1.0 else (pairs.canary, pairs.control)
        grown = SimpleNamespace(
            n=pairs.n * times,
            both=pairs.both * times,
            canary=pairs.canary + mine * (times - 1),
            control=pairs.control + theirs * (times - 1),
            unlabelled=pairs.unlabelled * times,
        )
        return paired_evidence(question, grown, margin, metric.better, alike=pairs.alike * times)
    base = _rate(counts.control)
    canary = base if ratio == 1.0 else _rate(counts.canary)
    return arm_evidence(
        question,
        _more(counts.canary, more, canary),
        _more(counts.control, more, base),
        margin,
        metric.better,
    )


def _more(arm: UnitCounts, more: Floats, rate: float) -> SimpleNamespace:
    missing = arm.unlabelled / arm.n if arm.n else 0.0
    return SimpleNamespace(
        n=arm.n + more,
        bad=arm.bad + rate * (1 - missing) * more,
        unlabelled=arm.unlabelled + missing * more,
    )


def _rate(arm: UnitCounts) -> float:
    labelled = arm.n - arm.unlabelled
    return arm.bad / labelled if labelled else 0.0
