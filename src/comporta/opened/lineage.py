"""Lineage: which artifacts a recipe read and made, as edges that can be walked both ways.

Each edge is stored under two keys, so one scan by prefix walks either way.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

from comporta.records import Artifact, Asset, Changes, Event, Lookup, Projection, Recipe, Record, View
from comporta.records.facts import StepAnswered, TestSetEvaluated, VersionRegistered
from comporta.registry import version_key

PlaceKind = Literal["data", "step", "artifact", "version"]


class GraphPlace(NamedTuple):
    """A place in the graph. id: of data `weather@00000002`, of a step its recipe's digest, of an artifact its
    digest, of a version its key `late/00000003`."""

    kind: PlaceKind
    id: str

    @property
    def text(self) -> str:
        """As it is stored: `step:` and the recipe's digest."""
        return f"{self.kind}:{self.id}"


class GraphNeighbour(NamedTuple):
    """A place one edge away. role: the name of the argument or output."""

    place: GraphPlace
    role: str


class Edge(Record, frozen=True, kw_only=True):
    """One edge of the graph as it is stored, between the texts of two places. role: the name of the argument
    or output."""

    source: str
    target: str
    role: str


class AnsweredRecipe(Record, frozen=True, kw_only=True):
    """A recipe, the node and run that executed it last, and its outputs."""

    recipe: Recipe
    node: str
    run: str
    outputs: dict[str, Asset]


def asset_place(asset: Asset) -> GraphPlace:
    """The asset's place in the graph."""
    if isinstance(asset, Artifact):
        return GraphPlace("artifact", asset.digest)
    return data_place(asset.dataset, asset.number)


def data_place(dataset: str, number: int) -> GraphPlace:
    return GraphPlace("data", f"{dataset}@{number:08d}")


def step_place(recipe: str) -> GraphPlace:
    """recipe: its digest."""
    return GraphPlace("step", recipe)


def _edge(source: GraphPlace, target: GraphPlace, role: str) -> Changes[Edge]:
    edge = Edge(source=source.text, target=target.text, role=role)
    yield f">{source.text}\t{target.text}", edge
    yield f"<{target.text}\t{source.text}", edge


def _step_edges(fact: StepAnswered, event: Event, old: Lookup[Edge]) -> Changes[Edge]:
    step = step_place(fact.recipe)
    for role, asset in fact.question.inputs.items():
        yield from _edge(asset_place(asset), step, role)
    for role, asset in fact.outputs.items():
        yield from _edge(step, asset_place(asset), role)


def _version_edges(fact: VersionRegistered, event: Event, old: Lookup[Edge]) -> Changes[Edge]:
    version = fact.version
    here = GraphPlace("version", version_key(version.model, version.number))
    for role, asset in version.parts.items():
        yield from _edge(asset_place(asset), here, role)
    for node, recipe in version.steps.items():
        yield from _edge(step_place(recipe), here, node)


def _recipe_outputs(fact: StepAnswered, event: Event, old: Lookup[AnsweredRecipe]) -> Changes[AnsweredRecipe]:
    yield (
        fact.recipe,
        AnsweredRecipe(recipe=fact.question, node=fact.node, run=fact.run, outputs=fact.outputs),
    )


def _evaluation(
    fact: TestSetEvaluated, event: Event, old: Lookup[TestSetEvaluated]
) -> Changes[TestSetEvaluated]:
    yield f"{fact.model}/{fact.part}/{event.seq:012d}", fact


_KINDS: dict[str, PlaceKind] = {kind: kind for kind in get_args(PlaceKind)}

EDGES = Projection("edge", Edge, {StepAnswered: _step_edges, VersionRegistered: _version_edges})
QUESTIONS = Projection("question", AnsweredRecipe, {StepAnswered: _recipe_outputs})
EVALUATIONS = Projection("look", TestSetEvaluated, {TestSetEvaluated: _evaluation})


def after(view: View, here: GraphPlace, kind: PlaceKind | None = None) -> list[GraphNeighbour]:
    """Where the edges lead that leave a place. kind: of places; None: to all."""
    edges = (edge for _, edge in view.scan(EDGES, f">{here.text}\t{'' if kind is None else f'{kind}:'}"))
    return [GraphNeighbour(_stored_place(edge.target), edge.role) for edge in edges]


def versions_holding(view: View, asset: Asset, role: str) -> list[str]:
    """The keys of the versions that hold this as their part `role`, under whatever model's name."""
    return [each.place.id for each in after(view, asset_place(asset), "version") if each.role == role]


def versions_made_by(view: View, recipe: str, node: str) -> list[str]:
    """The keys of the versions whose step `node` is this recipe."""
    return [each.place.id for each in after(view, step_place(recipe), "version") if each.role == node]


def before(view: View, here: GraphPlace) -> list[GraphNeighbour]:
    """Where the edges come from that reach a place."""
    edges = (edge for _, edge in view.scan(EDGES, f"<{here.text}\t"))
    return [GraphNeighbour(_stored_place(edge.source), edge.role) for edge in edges]


def _stored_place(text: str) -> GraphPlace:
    kind, _, id = text.partition(":")
    return GraphPlace(_KINDS[kind], id)
