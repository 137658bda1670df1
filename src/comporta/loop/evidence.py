"""What the engine made, handed to the gates need by need."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cache

from msgspec.structs import replace

from comporta.gates import asked_at, needs
from comporta.loop.budget import SPENT
from comporta.loop.checks import checks
from comporta.loop.pool import name_in, pooled, rests_on
from comporta.project import Model
from comporta.records import (
    FEWEST_ROWS,
    Answer,
    Artifact,
    Evidence,
    Figure,
    Findings,
    Level,
    Need,
    Scores,
    Unmeasured,
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
    at = _made(answers, f"score {model.name}", "scores")
    scores = cache(lambda: None if at is None else desk.get_json(at, Scores))

    def of(need: Need) -> Evidence:
        if not pooled(need):
            return _scored(need, at, scores() if need.what == "scores" else None)
        node = name_in(model, need)
        if node not in answers and rests_on(model, need) & {*unbegun}:
            return Evidence(need=need, missing=SPENT)
        return _found(desk, need, _made(answers, node, "findings"), scores)

    return {need: of(need) for need in asked}


def _made(answers: Mapping[str, Answer], node: str, output: str) -> Artifact | None:
    answer = answers.get(node)
    artifact = answer.step.outputs.get(output) if answer is not None else None
    return artifact if isinstance(artifact, Artifact) else None


def _found(
    desk: Desk, need: Need, artifact: Artifact | None, scores: Callable[[], Scores | None]
) -> Evidence:
    if artifact is None:
        why = f"{need.what} could not be measured; the run's log has why (comporta runs, comporta show RUN)"
        return Evidence(need=need, missing=why)
    found = desk.get_json(artifact, Findings)
    why = ""
    if not found.figures and not found.without:
        why = "; ".join(f"{name}: {each}" for name, each in found.missing.items()) or "nothing was found"
    lost: tuple[Unmeasured, ...] = ()
    if need.by and not found.without:
        lost = undefined(need, found)
        told = scores()
        lost += () if told is None else _small(need, told)
    return Evidence(
        need=need,
        figures=found.figures,
        artifact=artifact,
        missing=why,
        without=found.without,
        unmeasured=lost,
    )


def _scored(need: Need, artifact: Artifact | None, scores: Scores | None) -> Evidence:
    if scores is None:
        return Evidence(need=need, missing=f"nothing was measured for {need.what!r}")
    figures = tuple(figure for figure in scores.figures if _meets(figure, need))
    return Evidence(
        need=need,
        figures=figures,
        artifact=artifact,
        missing="" if figures else _why_none(need, scores),
        unmeasured=unmeasured(need, scores),
    )


def unmeasured(need: Need, scores: Scores) -> tuple[Unmeasured, ...]:
    """The slices of a need by a column for which the measuring has no figure, in its order."""
    small = f" rows, at least {FEWEST_ROWS} expected"
    named = ((*name.partition(" ")[::2], why) for name, why in scores.missing.items())
    return tuple(
        Unmeasured(metric=metric, slice=where, why=why, small=why.endswith(small))
        for metric, where, why in named
        if need.by and metric in _wanted(need) and where.partition("=")[0] == need.by
    )


def _small(need: Need, scores: Scores) -> tuple[Unmeasured, ...]:
    """The slices of fewer than 30 rows, each once: they are so for every metric."""
    metrics = dict.fromkeys(name.partition(" ")[0] for name in scores.missing)
    every = (
        each for name in metrics for each in unmeasured(replace(need, metric=name), scores) if each.small
    )
    return tuple({each.slice: replace(each, metric=need.metric) for each in every}.values())


def undefined(need: Need, found: Findings) -> tuple[Unmeasured, ...]:
    """The slices that a comparison tried, as its table `tests` tells, and has no figure for."""
    have = {each.slice for each in found.figures}
    return tuple(
        Unmeasured(
            metric="main metric" if need.metric == MAIN else need.metric,
            slice=each["slice"],
            why=f"not defined on its {each['rows']:,} rows: one class only, or no spread in the target",
        )
        for each in found.tables.get("tests", ())
        if each["slice"] not in have
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
    return figure.metric in _wanted(need) and sliced == need.by


def _wanted(need: Need) -> tuple[str, ...]:
    return MAINS if need.metric == MAIN else (need.metric,)
