"""What the engine made, handed to the gates need by need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from comporta.gates import asked_at, level_of, needs
from comporta.loop.pool import name_in, pooled
from comporta.project import Model
from comporta.records import (
    Answer,
    Artifact,
    Check,
    Evidence,
    Figure,
    Findings,
    Level,
    Need,
    Scores,
    Version,
)
from comporta.records.metric import MAIN, MAINS
from comporta.store import Desk


def gather(
    desk: Desk,
    model: Model,
    level: Level,
    answers: Mapping[str, Answer],
    champion: Version | None,
) -> dict[Need, Evidence]:
    """One evidence for each need of its gates; `missing` says why where there is none."""
    now = set(needs(asked_at(model.gates, level)))
    later = _later(model.gates)
    return {
        need: _evidence(desk, model, need, answers, champion)
        if need in now
        else Evidence(need=need, missing=f"it is asked at the level {later[need]} only: comporta gate")
        for need in needs(model.gates)
    }


def _later(checks: Sequence[Check]) -> dict[Need, Level]:
    return {need: level_of(check) for check in checks for need in needs((check,))}


def _evidence(
    desk: Desk, model: Model, need: Need, answers: Mapping[str, Answer], champion: Version | None
) -> Evidence:
    if pooled(need):
        return _found(desk, need, _made(answers, name_in(model, need), "findings"))
    pools = {
        "scores": (f"score {model.name}", "scores"),
        "difference": (f"compare {model.name}", "difference"),
    }
    artifact = _made(answers, *pools[need.what]) if need.what in pools else None
    return _scored(desk, need, artifact, champion)


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


def _scored(desk: Desk, need: Need, artifact: Artifact | None, champion: Version | None) -> Evidence:
    if artifact is None:
        first = need.what == "difference" and champion is None
        why = "there is no champion yet" if first else f"nothing was measured for {need.what!r}"
        return Evidence(need=need, missing=why, first=first)
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
