"""What the engine made, handed to the gates need by need."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from comporta.gates import asked_at, needs
from comporta.loop.budget import SPENT
from comporta.loop.checks import checks
from comporta.loop.pool import name_in, pooled, rests_on
from comporta.project import Model
from comporta.records import (
    Answer,
    Artifact,
    Evidence,
    Figure,
    Findings,
    Level,
    Need,
    Scores,
)
from comporta.records.metric import MAIN, MAINS
from comporta.store import Desk


def gather(
    desk: Desk,
    model: Model,
    level: Level,
    answers: Mapping[str, Answer],
    unbegun: Collection[str] = (),
) -> dict[Need, Evidence]:
    """One evidence for each need of the checks of this level; `missing` says why where there is none.
    unbegun: the nodes that the level's time did not last for."""
    asked = needs(asked_at(checks(model), level))
    return {need: _evidence(desk, model, need, answers, unbegun) for need in asked}


def _evidence(
    desk: Desk, model: Model, need: Need, answers: Mapping[str, Answer], unbegun: Collection[str]
) -> Evidence:
    if pooled(need):
        if name_in(model, need) not in answers and rests_on(model, need) & {*unbegun}:
            return Evidence(need=need, missing=SPENT)
        return _found(desk, need, _made(answers, name_in(model, need), "findings"))
    artifact = _made(answers, f"score {model.name}", "scores") if need.what == "scores" else None
    return _scored(desk, need, artifact)


def _made(answers: Mapping[str, Answer], node: str, output: str) -> Artifact | None:
    answer = answers.get(node)
    artifact = answer.step.outputs.get(output) if answer is not None else None
    return artifact if isinstance(artifact, Artifact) else None


def _found(desk: Desk, need: Need, artifact: Artifact | None) -> Evidence:
    if artifact is None:
        why = f"{need.what} could not be measured; the run's log has why (comporta runs, comporta show RUN)"
        return Evidence(need=need, missing=why)
    found = desk.get_json(artifact, Findings)
    why = ""
    if not found.figures and not found.without:
        why = "; ".join(f"{name}: {each}" for name, each in found.missing.items()) or "nothing was found"
    return Evidence(need=need, figures=found.figures, artifact=artifact, missing=why, without=found.without)


def _scored(desk: Desk, need: Need, artifact: Artifact | None) -> Evidence:
    if artifact is None:
        return Evidence(need=need, missing=f"nothing was measured for {need.what!r}")
    scores = desk.get_json(artifact, Scores)
    figures = tuple(figure for figure in scores.figures if _meets(figure, need))
    return Evidence(
        need=need, figures=figures, artifact=artifact, missing="" if figures else _why_none(need, scores)
    )


def _why_none(need: Need, scores: Scores) -> str:
    """What the measuring said of it, or that it was not measured."""
    start = f"{need.metric} {need.by}=" if need.by else need.metric
    said = [why for name, why in scores.missing.items() if name.startswith(start)]
    if said:
        return f"{need.metric}{f' by {need.by}' if need.by else ''}: {said[0]}"
    return f"no {need.metric} was measured{f' by {need.by}' if need.by else ''}"


def _meets(figure: Figure, need: Need) -> bool:
    sliced = figure.slice.partition("=")[0] if figure.slice else ""
    wanted = MAINS if need.metric == MAIN else (need.metric,)
    return figure.metric in wanted and sliced == need.by
