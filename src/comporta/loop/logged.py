"""What production asked and what came true, as rows that a candidate can be replayed on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from comporta.loop.pool import Thing
from comporta.project import Model
from comporta.project.reference import name_of
from comporta.records import Node, Slice

LOGGED = "comporta.data.steps_logged:logged"
Logs = tuple[Slice, Slice]
"""The prediction log and the feedback, as they are now."""


def logged_node(
    model: Model,
    root: Path,
    things: Mapping[str, Thing],
    logs: Logs,
    tables: Mapping[str, Thing],
    keep: Sequence[str],
) -> Node:
    """The step that makes the table. tables: the joined datasets by name."""
    features = model.features
    shapes = {each.name: each for each in (features.of, *(join.dataset for join in features.joins))}
    return Node(
        name=f"logged {model.name}",
        run=LOGGED,
        uses={"compute": tuple(name_of(function, root) for function in features.compute)},
        inputs={
            "log": logs[0],
            "labels": logs[1],
            "signature": things["signature"],
            **{f"table {join.dataset.name}": tables[join.dataset.name] for join in features.joins},
        },
        params={
            "model": model.name,
            "of": features.of.name,
            "known": list(features.known),
            "use": None if features.use is None else list(features.use),
            "target": model.target,
            "keep": list(keep),
            "joins": [msgspec.to_builtins(each.join()) for each in features.joins],
            "shapes": {name: msgspec.to_builtins(table.shape()) for name, table in shapes.items()},
        },
        spare=True,
    )
