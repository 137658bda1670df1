"""Stored findings, converted to today's form whichever release wrote them."""

from __future__ import annotations

from comporta.records import (
    Artifact,
    Figure,
    Findings,
    FormerFindings,
    Scores,
    findings_today,
    is_sliced,
    scores_today,
)
from comporta.store import StepContext


def findings_at(context: StepContext, artifact: Artifact) -> Findings:
    """The findings that are kept here. Raises NotFound, Tampered."""
    return findings_today(context.get_json(artifact, FormerFindings))


def scores_at(context: StepContext, artifact: Artifact) -> Scores:
    """The scores that are kept here. Raises NotFound, Tampered."""
    return scores_today(context.get_json(artifact, Scores))


def overall_figures(scores: Scores) -> dict[str, Figure]:
    """Metric → its figure on all test rows."""
    return {each.metric: each for each in scores.figures if not is_sliced(each)}
