"""What the engine made, handed to the gates need by need."""

from __future__ import annotations

from collections.abc import Mapping

from comporta.records import Answer, Artifact, Evidence, Figure, Need, Scores, Version
from comporta.store import Desk


def gather(
    desk: Desk,
    model: str,
    asked: tuple[Need, ...],
    answers: Mapping[str, Answer],
    champion: Version | None,
) -> dict[Need, Evidence]:
    """One evidence for each need; `missing` says why where there is none."""
    pools = {
        "scores": _read(desk, answers, f"score {model}", "scores"),
        "difference": _read(desk, answers, f"compare {model}", "difference"),
    }
    return {need: _evidence(need, pools.get(need.what), champion) for need in asked}


def _read(
    desk: Desk, answers: Mapping[str, Answer], node: str, output: str
) -> tuple[Artifact, Scores] | None:
    answer = answers.get(node)
    artifact = answer.step.outputs.get(output) if answer is not None else None
    if not isinstance(artifact, Artifact):
        return None
    return artifact, desk.get_json(artifact, Scores)


def _evidence(need: Need, pool: tuple[Artifact, Scores] | None, champion: Version | None) -> Evidence:
    first = need.what == "difference" and champion is None
    if pool is None:
        why = "there is no champion yet" if first else f"nothing was measured for {need.what!r}"
        return Evidence(need=need, missing=why, first=first)
    artifact, scores = pool
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
    return figure.metric == need.metric and sliced == need.by
