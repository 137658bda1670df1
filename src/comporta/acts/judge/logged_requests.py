"""What production asked and what came true, as rows that a candidate can be replayed on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from comporta.acts.judge.pool import Thing
from comporta.acts.serve.sealed_logs import SealedLogs
from comporta.opened.bundle import bundle
from comporta.project import Model
from comporta.records import PREDICTIONS, Node, NodeKey
from comporta.records.variadic_input import table_input


def logged_node(
    model: Model,
    root: Path,
    things: Mapping[str, Thing],
    logs: SealedLogs,
    tables: Mapping[str, Thing],
    keep: Sequence[str],
) -> Node:
    """The step that makes the table. tables: the joined datasets by name."""
    way = bundle(model, root)
    key = NodeKey(kind="logged", model=model.name)
    return Node(
        name=key.name,
        key=key,
        run="data.logged",
        uses={"compute": way.compute},
        inputs={
            **{
                "before" if part.dataset == PREDICTIONS else "log": part for part in logs.requests[model.name]
            },
            "labels": logs.labels,
            "signature": things["signature"],
            **{table_input(join.dataset): tables[join.dataset] for join in way.joins},
        },
        params={**way.params(), "model": model.name, "of": way.of, "keep": list(keep)},
        allow_failure=True,
    )
