"""The product's own decision, `release/plan_decision.py`, on what trials saw: look by look, plan by plan.

A look that shows nothing new is not asked: `decide` is pure, and before its deadline a plan whose evidence is
faint waits, which is asked once for each scenario.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
from _release_rules import Ends
from _release_trials import ALPHA, FAINT, MARGIN, Trials

from comporta.records.plan import MetricTerms, PlanTerms, ReleasePlan
from comporta.release.evidence import MetricEvidence, PlanEvidence, StageRatio
from comporta.release.plan_decision import decide
from comporta.stats.arm_evidence import RatioSequence

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

BEGAN = datetime(2026, 1, 5, tzinfo=UTC)
STAGES = ("exposed", "matured", "labelled")
NO_RATIO = RatioSequence(value=None, low=None, high=None)


def comporta(trials: Trials) -> Ends:
    """How the product ends each plan."""
    plan = _plan(trials)
    plans = trials.harm.shape[1]
    faint = np.full(len(trials.harm), -np.inf)
    assert _act(plan, faint, None, np.full(len(trials.uneven), -np.inf), 0.0) == "wait"
    strong = (trials.harm >= FAINT).any(axis=0) | (trials.uneven >= FAINT).any(axis=0) | trials.ends
    strong[:, -1] = True
    acts = np.full(plans, "wait", dtype=object)
    day = np.full(plans, trials.days[-1])
    ends = np.flatnonzero(trials.ends)
    for which in range(plans):
        for look in np.flatnonzero(strong[which]):
            before = ends[ends <= look]
            season = trials.passed[:, which, before[-1]] if len(before) else None
            now = trials.days[look]
            act = _act(plan, trials.harm[:, which, look], season, trials.uneven[:, which, look], now)
            if act != "wait":
                acts[which], day[which] = act, now
                break
    return Ends(acts == "promote", acts == "roll_back", day)


def _plan(trials: Trials) -> ReleasePlan:
    """A canary at its last step, with as many metrics, until the last look."""
    metrics = tuple(
        MetricTerms(outcome=f"bad{n}", of="error", better="lower", horizon=0.0, margin=MARGIN, harm=0.0)
        for n in range(len(trials.harm))
    )
    seconds = float(trials.days[-1]) * 86_400
    terms = PlanTerms(kind="canary", steps=(0.5,), metrics=metrics, deadline=seconds, alpha=ALPHA)
    return ReleasePlan(
        id="p-1", model="m", version=2, control=1, terms=terms, by="", reason="", started=BEGAN, since=BEGAN,
        looked=BEGAN,
    )  # fmt: skip


def _act(plan: ReleasePlan, harm: Floats, season: Floats | None, uneven: Floats, days: float) -> str:
    names = [each.outcome for each in plan.terms.metrics]
    shown = PlanEvidence(
        now={name: _evidence(harm=each) for name, each in zip(names, harm, strict=True)},
        season={}
        if season is None
        else {name: _evidence(passed=each) for name, each in zip(names, season, strict=True)},
        stages=tuple(
            StageRatio(stage=stage, canary=0, control=0, log_e=float(each))
            for stage, each in zip(STAGES, uneven, strict=False)
        ),
    )
    return decide(plan, shown, BEGAN + timedelta(days=days), None).act


def _evidence(harm: float = -np.inf, passed: float = -np.inf) -> MetricEvidence:
    return MetricEvidence(
        harm=float(harm), non_inferior=float(passed), superior=-np.inf, ratio=NO_RATIO, canary=None,
        control=None, units=0, unlabelled=0.0,
    )  # fmt: skip
