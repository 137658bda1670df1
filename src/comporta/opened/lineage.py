"""Lineage: which artifacts a recipe read and made, as edges that can be walked both ways.

A place in the graph is a short text: `data:weather@00000002`, `step:<recipe>`, `artifact:<digest>`,
`version:late/00000003`. Each edge is stored under two keys, so one scan by prefix walks either way.
"""

from __future__ import annotations

from comporta.records import Artifact, Asset, Changes, Event, Lookup, Projection, Recipe, Record, View
from comporta.records.facts import StepAnswered, TestSetEvaluated, VersionRegistered


class Edge(Record, frozen=True, kw_only=True):
    """One edge of the graph. role: the name of the argument or output."""

    source: str
    target: str
    role: str


class AnsweredRecipe(Record, frozen=True, kw_only=True):
    """A recipe, the node and run that executed it last, and its outputs."""

    recipe: Recipe
    node: str
    run: str
    outputs: dict[str, Asset]


VERSION = "version:"


def place(asset: Asset) -> str:
    """The asset's place in the graph."""
    if isinstance(asset, Artifact):
        return f"artifact:{asset.digest}"
    return data_place(asset.dataset, asset.number)


def data_place(dataset: str, number: int) -> str:
    return f"data:{dataset}@{number:08d}"


def version_place(model: str, number: int) -> str:
    return f"{VERSION}{model}/{number:08d}"


def _edge(source: str, target: str, role: str) -> Changes[Edge]:
    edge = Edge(source=source, target=target, role=role)
    yield f">{source}\t{target}", edge
    yield f"<{target}\t{source}", edge


def _step_edges(fact: StepAnswered, event: Event, old: Lookup[Edge]) -> Changes[Edge]:
    step = f"step:{fact.recipe}"
    for role, asset in fact.question.inputs.items():
        yield from _edge(place(asset), step, role)
    for role, asset in fact.outputs.items():
        yield from _edge(step, place(asset), role)


def _version_edges(fact: VersionRegistered, event: Event, old: Lookup[Edge]) -> Changes[Edge]:
    version = fact.version
    here = version_place(version.model, version.number)
    for role, asset in version.parts.items():
        yield from _edge(place(asset), here, role)
    for node, recipe in version.steps.items():
        yield from _edge(f"step:{recipe}", here, node)


def _recipe_outputs(fact: StepAnswered, event: Event, old: Lookup[AnsweredRecipe]) -> Changes[AnsweredRecipe]:
    yield (
        fact.recipe,
        AnsweredRecipe(recipe=fact.question, node=fact.node, run=fact.run, outputs=fact.outputs),
    )


def _evaluation(
    fact: TestSetEvaluated, event: Event, old: Lookup[TestSetEvaluated]
) -> Changes[TestSetEvaluated]:
    yield f"{fact.model}/{fact.part}/{event.seq:012d}", fact


EDGES = Projection("edge", Edge, {StepAnswered: _step_edges, VersionRegistered: _version_edges})
QUESTIONS = Projection("question", AnsweredRecipe, {StepAnswered: _recipe_outputs})
EVALUATIONS = Projection("look", TestSetEvaluated, {TestSetEvaluated: _evaluation})


def after(view: View, here: str) -> list[Edge]:
    """The edges that leave a place."""
    return [edge for _, edge in view.scan(EDGES, f">{here}\t")]


def versions_holding(view: View, asset: Asset, role: str) -> list[str]:
    """The keys of the versions that hold this as their part `role`, under whatever model's name."""
    holders = (edge.target for edge in after(view, place(asset)) if edge.role == role)
    return [each.removeprefix(VERSION) for each in holders if each.startswith(VERSION)]


def before(view: View, here: str) -> list[Edge]:
    """The edges that reach a place."""
    return [edge for _, edge in view.scan(EDGES, f"<{here}\t")]
