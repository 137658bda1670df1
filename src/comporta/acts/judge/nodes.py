"""The nodes that measure a version, and those that they read: what a run makes and a gate finds made."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from comporta.acts.judge.checks import checks
from comporta.acts.judge.logged_requests import logged_node
from comporta.acts.judge.opening import opening
from comporta.acts.judge.pool import Candidate, Thing, columns_to_keep, measuring, reads_logged, score_key
from comporta.acts.serve.sealed_logs import SealedLogs
from comporta.checks import asked_at, needs
from comporta.opened.bundle import bundle
from comporta.project import Model
from comporta.records import Artifact, Asset, Level, Limits, Need, Node, NodeKey, Output, Version
from comporta.records.variadic_input import table_input


def data_key(dataset: str) -> NodeKey:
    """The node that makes a dataset's version."""
    return NodeKey(kind="data", dataset=dataset)


def features_node(model: Model, root: Path) -> Node:
    """The step that makes the table the model learns from: a row for each row of `of`; its features, and
    beside them, hidden from the model, the columns of `beside`. Raises BadProject where a function has no
    name."""
    way = bundle(model, root)
    inputs: dict[str, Asset | Output] = {"of": data_key(way.of).output("version")}
    for join in way.joins:
        inputs[table_input(join.dataset)] = data_key(join.dataset).output("version")
    key = NodeKey(kind="features", model=model.name)
    return Node(
        name=key.name,
        key=key,
        run="data.features",
        uses={"compute": way.compute},
        inputs=inputs,
        params={**way.params(), "keep": beside(model)},
        limits=Limits(),
    )


def beside(model: Model) -> list[str]:
    """The names, sorted, of the columns kept beside the features, hidden from the model: for slices, groups
    and gates, of whatever level, since another level must not be another table."""
    wanted = columns_to_keep(needs(checks(model)))
    return sorted({*model.slices, *wanted, *filter(None, (model.group, model.weight))})


def build_outputs(name: str) -> dict[str, Output]:
    """Name in the evidence pool → the output that is it, of what a run makes of a model before anything is
    measured. name: the model's."""
    makes = {
        "split": ("train", "test", "counts"),
        "fit": ("model", "signature"),
        "export": ("parity", "trial", "onnx"),
        "predict": ("predictions",),
    }
    return {
        output: NodeKey(kind=kind, model=name).output(output, may=output == "onnx")
        for kind, outputs in makes.items()
        for output in outputs
    }


def evidence_nodes(
    model: Model,
    root: Path,
    things: Mapping[str, Thing],
    champion: Version | None,
    earlier: tuple[Artifact, ...],
    level: Level,
    served: tuple[SealedLogs, Mapping[str, Thing]] | None = None,
    tables: Mapping[str, Thing] | None = None,
    seconds: float | None = None,
    *,
    machine: str,
) -> list[Node]:
    """What its gates ask for at this level, and the reference that later versions are compared with.
    served: the logs of production, and the tables that its requests are joined with. tables: those that its
    features were made of."""
    asked = needs(asked_at(checks(model), level))
    nodes = [score_node(model, things, asked)]
    there = dict(things)
    if served is not None and reads_logged(asked):
        nodes.append(logged_node(model, root, things, *served, beside(model)))
        there["logged"] = Output(node_name=nodes[-1].name, name="table")
    if champion is not None:
        parts = champion.parts
        there |= {f"champion {part}": parts[part] for part in ("model", "signature", "train")}
        nodes.append(champion_node(model, root, champion, things))
        there["champion predictions"] = Output(node_name=nodes[-1].name, name="predictions")
    candidate = Candidate(
        model=model,
        root=root,
        things=there,
        machine=machine,
        earlier=earlier,
        tables=tables or {},
        seconds=seconds,
    )
    # What later versions are compared with; nothing is compared with a trial.
    reference = (Need(what="reference"),) if level != "commit" else ()
    return [*nodes, *measuring(candidate, (*reference, *asked), level)]


def score_node(model: Model, things: Mapping[str, Thing], asked: tuple[Need, ...]) -> Node:
    """The step that measures every metric of the test predictions with its interval, overall and by slice:
    also by those of comparisons, so that it is known which of them are too small."""
    mine = [need for need in asked if need.what == "scores"]
    key = score_key(model)
    return Node(
        name=key.name,
        key=key,
        run="train.score",
        inputs={"predictions": things["predictions"]},
        params={
            "metrics": list(model.metrics),
            "also": sorted({need.metric for need in mine}),
            "slices": sorted({*model.slices, *(need.by for need in asked if need.by)}),
            "group": model.group,
            "part": "test",
        },
    )


def champion_node(model: Model, root: Path, champion: Version, things: Mapping[str, Thing]) -> Node:
    """The step in which the champion answers the candidate's test rows; it gives no rows where they lack a
    feature of the champion's. Raises BadProject where a codec of the model's has no name."""
    return Node(
        name=f"predict champion of {model.name}",
        key=NodeKey(kind="predict_champion", model=model.name),
        run="train.predict",
        uses=opening(model, root),
        inputs={
            "model": champion.parts["model"],
            "signature": champion.parts["signature"],
            "table": things["test"],
        },
        params={"strict": False},
    )
