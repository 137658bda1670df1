"""From one answer back to the rows, code and approval behind it; from one row or person forward to
every model and prediction it touched."""

from __future__ import annotations

from collections.abc import Callable

from comporta.acts.trace.back import dataset_back, prediction_back, row_back, version_back
from comporta.acts.trace.forward import dataset_forward, row_forward, subject_forward, version_forward
from comporta.acts.trace.ids import TraceTarget, parse_trace_id
from comporta.acts.trace.tree import TraceTree
from comporta.opened.permission import require_permission
from comporta.opened.project import OpenProject

Walk = Callable[[OpenProject, TraceTarget], TraceTree]

BACK: dict[str, Walk] = {
    "prediction": prediction_back,
    "version": version_back,
    "dataset": dataset_back,
    "row": row_back,
}
FORWARD: dict[str, Walk] = {
    "version": version_forward,
    "dataset": dataset_forward,
    "row": row_forward,
    "subject": subject_forward,
}


def trace(opened: OpenProject, text: str, *, forward: bool | None = None) -> TraceTree:
    """What came before and what came after. forward: True or False for one way only, None for both.

    Ids: `late/1`, `weather@2`, `weather:KEY`, `subject:VALUE`, a prediction's id. A way that leads nowhere
    (back from a subject, forward from a prediction) is left out. Raises NotFound, BadProject.
    """
    place = parse_trace_id(opened, text)
    of = {"version": "model", "dataset": "dataset", "row": "dataset"}.get(place.kind)
    require_permission(opened, "data.read", **({of: place.name} if of else {}))
    ways = {None: (BACK, FORWARD), False: (BACK,), True: (FORWARD,)}[forward]
    walks = [way[place.kind] for way in ways if place.kind in way]
    if not walks:
        walks = [(BACK | FORWARD)[place.kind]]
    trees = [walk(opened, place) for walk in walks]
    return TraceTree(
        kind=trees[0].kind,
        id=trees[0].id,
        label=trees[0].label,
        facts={name: value for tree in trees for name, value in tree.facts.items()},
        children=tuple(child for tree in trees for child in tree.children),
    )
