"""What the engine made, handed to the gates need by need."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cache

from msgspec.structs import replace

from comporta.acts.judge.checks import checks
from comporta.acts.judge.lacking import lacking, why_none
from comporta.acts.judge.pool import need_key, pooled, rests_on, score_key
from comporta.checks import asked_at, needs
from comporta.opened.codes import NOT_MADE, NOTHING_MEASURED, SPENT
from comporta.opened.findings import findings_at, scores_at
from comporta.project import Model
from comporta.records import (
    NO_TEXT,
    Answers,
    Artifact,
    Evidence,
    Figure,
    Findings,
    Level,
    Need,
    NodeKey,
    Scores,
    Unmeasured,
    columns_of,
    encode,
)
from comporta.records.metric import MAIN, MAINS
from comporta.store import StepContext


def gather(
    context: StepContext,
    model: Model,
    level: Level,
    answers: Answers,
    unbegun: Collection[str] = (),
) -> dict[Need, Evidence]:
    """One evidence for each need of the checks of this level; `missing` says why where there is none.
    unbegun: the nodes that the level's time did not last for."""
    asked = needs(asked_at(checks(model), level))
    at = _made(answers, score_key(model), "scores")
    scores = cache(lambda: None if at is None else scores_at(context, at))

    def of(need: Need) -> Evidence:
        if not pooled(need):
            return evidence_of_scores(need, scores() if need.what == "scores" else None, at)
        key = need_key(model, need)
        if answers.of(key) is None and {*map(answers.name_of, rests_on(model, need))} & {*unbegun}:
            return Evidence(need=need, missing=SPENT())
        return _evidence(context, need, _made(answers, key, "findings"), scores)

    return {need: of(need) for need in asked}


def _made(answers: Answers, key: NodeKey, output: str) -> Artifact | None:
    answer = answers.of(key)
    artifact = answer.step.outputs.get(output) if answer is not None else None
    return artifact if isinstance(artifact, Artifact) else None


def _evidence(
    context: StepContext, need: Need, artifact: Artifact | None, scores: Callable[[], Scores | None]
) -> Evidence:
    if artifact is None:
        return Evidence(need=need, missing=NOT_MADE(what=need.what))
    found = findings_at(context, artifact)
    evidence = replace(evidence_of(need, found), artifact=artifact)
    overall = scores() if need.by and not found.without else None
    if overall is None:
        return evidence
    return replace(evidence, unmeasured=evidence.unmeasured + _small(need, overall))


def evidence_of(need: Need, found: Findings) -> Evidence:
    """Findings as a check is handed them: their figures as they are; without any, `missing` says why."""
    absent = not found.figures and not found.without
    return Evidence(
        need=need,
        figures=found.figures,
        without=found.without,
        missing=lacking(found.unmeasured) if absent else NO_TEXT,
        unmeasured=undefined(need, found) if need.by else found.unmeasured,
    )


def evidence_of_scores(need: Need, scores: Scores | None, artifact: Artifact | None = None) -> Evidence:
    """The scores that a need asks for, as a check is handed them; without any, `missing` says why."""
    if scores is None:
        return Evidence(need=need, missing=NOTHING_MEASURED(what=need.what))
    figures = tuple(figure for figure in scores.figures if _meets(figure, need))
    return Evidence(
        need=need,
        figures=figures,
        artifact=artifact,
        missing=NO_TEXT if figures else why_none(need, scores),
        unmeasured=unmeasured(need, scores),
    )


def unmeasured(need: Need, scores: Scores) -> tuple[Unmeasured, ...]:
    """The slices of a need by a column for which the measuring has no figure, in its order."""
    return tuple(
        each
        for each in scores.unmeasured
        if need.by and each.metric in _wanted(need) and columns_of(each) == (need.by,)
    )


def _small(need: Need, scores: Scores) -> tuple[Unmeasured, ...]:
    """The slices of fewer than 30 rows, each once: they are so for every metric."""
    small = (each for each in scores.unmeasured if each.small and columns_of(each) == (need.by,))
    return tuple({encode(each.where): replace(each, metric=need.metric) for each in small}.values())


def undefined(need: Need, found: Findings) -> tuple[Unmeasured, ...]:
    """The slices of the need's column that a comparison tried and has no figure for."""
    return tuple(each for each in found.unmeasured if columns_of(each) == (need.by,))


def _meets(figure: Figure, need: Need) -> bool:
    return figure.metric in _wanted(need) and columns_of(figure) == ((need.by,) if need.by else ())


def _wanted(need: Need) -> tuple[str, ...]:
    return MAINS if need.metric == MAIN else (need.metric,)
