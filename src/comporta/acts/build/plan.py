"""A project as a plan: the steps to run, and which reads what.

    data … ─▶ features ─▶ parts ─▶ fit ─▶ export
                            │       └───▶ predict ─▶ score ──┐
                            └─▶ predict champion ────────────┼─▶ evidence
                            └─▶ what else the gates need ────┘

Pure: it runs nothing, and reads only its arguments.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from comporta.acts.judge.nodes import build_outputs, data_key, evidence_nodes, features_node
from comporta.acts.judge.opening import opening, own_codecs
from comporta.acts.serve.sealed_logs import SealedLogs
from comporta.opened.built import built_keys
from comporta.project import Dataset, Model, ProjectDeclaration
from comporta.project.reference import name_of
from comporta.records import Artifact, Level, Node, NodeKey, Plan, Version
from comporta.records.csv_files import CsvFiles


def plan(
    project: ProjectDeclaration,
    root: Path,
    models: tuple[Model, ...],
    champions: Mapping[str, Version | None],
    earlier: Mapping[str, tuple[Artifact, ...]] | None = None,
    level: Level = "release",
    rows: int | None = None,
    logs: SealedLogs | None = None,
    seconds: float | None = None,
    *,
    machine: str,
) -> Plan:
    """The steps whose results these models are judged by. champions: the version each is compared with.
    earlier: the references of each model's earlier versions. rows: size of the sample to fit on; None: all.
    logs: the prediction log and the feedback, where a check needs them. seconds, machine: see `Candidate`."""
    wanted = {table.name for model in models for table in model.features.tables()}
    nodes = [
        data_node(dataset, root)
        for dataset in project.tables().values()
        if dataset.name in wanted or not models
    ]
    for model in models:
        nodes += (
            build_nodes(model, root)
            if rows is None
            else on_sample(build_nodes(model, root), model.name, rows)
        )
        things = build_outputs(model.name)
        past = (earlier or {}).get(model.name, ())
        tables = {each.name: data_key(each.name).output("version") for each in model.features.tables()}
        served = (logs, tables) if logs is not None and logs.requests.get(model.name) else None
        champion = champions.get(model.name)
        nodes += evidence_nodes(
            model, root, things, champion, past, level, served, tables, seconds, machine=machine
        )
    return Plan(nodes=tuple(nodes))


def data_node(dataset: Dataset, root: Path) -> Node:
    """A new version of the dataset, if its source has other rows than before."""
    source = dataset.source
    key = data_key(dataset.name)
    return Node(
        name=key.name,
        key=key,
        run="data.snapshot",
        uses={"source": name_of(source, root)} if callable(source) else {},
        params={
            "shape": msgspec.to_builtins(dataset.shape()),
            "change": dataset.change,
            **({"glob": source} if isinstance(source, str) else {}),
            **({"csv": msgspec.to_builtins(source)} if isinstance(source, CsvFiles) else {}),
        },
        remember=False,
    )


def build_nodes(model: Model, root: Path) -> list[Node]:
    """From its tables to the fitted model, its exported formats, and its predictions on the test rows."""
    name = model.name
    keys = built_keys(name)
    things = build_outputs(name)
    fitted = {"model": things["model"], "signature": things["signature"]}
    asking = opening(model, root)
    return [
        features_node(model, root),
        Node(
            name=keys["split"].name,
            key=keys["split"],
            run="train.split",
            inputs={"table": keys["features"].output("table")},
            params={
                "split": msgspec.to_builtins(model.split),
                **({} if model.weight is None else {"weight": model.weight}),
            },
        ),
        Node(
            name=keys["fit"].name,
            key=keys["fit"],
            run="train.fit",
            uses={"fit": name_of(model.fit, root), **own_codecs(model, root)},
            inputs={"train": things["train"], "schema": keys["features"].output("schema")},
            params={
                "params": model.params,
                "task": model.task,
                "output": model.output,
                **model.decision(),
            },
            seed=model.seed,
            limits=model.limits,
        ),
        Node(
            name=keys["export"].name,
            key=keys["export"],
            run="train.export",
            uses=asking,
            inputs={**fitted, "train": things["train"]},
        ),
        Node(
            name=keys["predict"].name,
            key=keys["predict"],
            run="train.predict",
            uses=asking,
            inputs={**fitted, "table": things["test"]},
        ),
    ]


def on_sample(nodes: list[Node], name: str, rows: int) -> list[Node]:
    """The same steps, on a sample of the table."""
    whole = NodeKey(kind="features", model=name).output("table")
    key = NodeKey(kind="sample", model=name)
    some = Node(name=key.name, key=key, run="train.sample", inputs={"table": whole}, params={"rows": rows})
    part = key.output("table")

    def on_some(node: Node) -> Node:
        inputs = {role: part if asked == whole else asked for role, asked in node.inputs.items()}
        return msgspec.structs.replace(node, inputs=inputs)

    return [nodes[0], some, *map(on_some, nodes[1:])]
