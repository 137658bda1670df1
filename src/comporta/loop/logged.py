"""What production asked and what came true, as rows that a candidate can be replayed on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from comporta.loop.bundle import bundle
from comporta.loop.pool import Thing
from comporta.project import Model
from comporta.records import Node, Slice

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
    way = bundle(model, root)
    return Node(
        name=f"logged {model.name}",
        run="data.logged",
        uses={"compute": way.compute},
        inputs={
            "log": logs[0],
            "labels": logs[1],
            "signature": things["signature"],
            **{f"table {join.dataset}": tables[join.dataset] for join in way.joins},
        },
        params={**way.params(), "model": model.name, "of": way.of, "keep": list(keep)},
        spare=True,
    )
