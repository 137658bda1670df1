"""The one place where rooms are put together: a project becomes a plan of questions.

    data … ─▶ features ─▶ parts ─▶ fit ─▶ export
                            │       └───▶ predict ─▶ score ─┐
                            └─▶ predict champion ─▶ compare ─┴─▶ evidence

Pure: it asks nothing, and reads only what it is given.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from comporta.gates import needs
from comporta.project import Dataset, Model, Project
from comporta.project.reference import name_of
from comporta.records import Asset, Limits, Need, Node, Output, Plan, Version

SNAPSHOT = "comporta.data.steps:snapshot"
FEATURES = "comporta.data.steps_features:features"
TRAIN = "comporta.train.steps"


def plan(
    project: Project, root: Path, models: tuple[Model, ...], champions: Mapping[str, Version | None]
) -> Plan:
    """All that must be known before these models can be judged. champions: what each is compared with."""
    wanted = {name for model in models for name in _tables(model)}
    nodes = [
        data_node(dataset, root)
        for dataset in project.tables().values()
        if dataset.name in wanted or not models
    ]
    for model in models:
        nodes += model_nodes(model, root, champions.get(model.name))
    return Plan(nodes=tuple(nodes))


def data_node(dataset: Dataset, root: Path) -> Node:
    """A new version of the dataset, if its source has other rows than before."""
    source = dataset.source
    return Node(
        name=f"data {dataset.name}",
        run=SNAPSHOT,
        uses={} if isinstance(source, str) else {"source": name_of(source, root)},
        params={
            "shape": msgspec.to_builtins(dataset.shape()),
            "change": dataset.change,
            **({"glob": source} if isinstance(source, str) else {}),
        },
        remember=False,
    )


def model_nodes(model: Model, root: Path, champion: Version | None) -> list[Node]:
    """From its tables to the figures its gates ask for."""
    name = model.name
    fitted = Output(node=f"fit {name}", name="model")
    train, test = Output(node=f"split {name}", name="train"), Output(node=f"split {name}", name="test")
    signature = Output(node=f"fit {name}", name="signature")
    # A kept model may be of the project's own classes: whatever asks it must count their code.
    asking: dict[str, str | tuple[str, ...]] = {"_fit": name_of(model.fit, root)}
    asked = needs(model.gates)
    measured = {
        "metrics": list(model.metrics),
        "also": sorted({need.metric for need in asked if need.what == "scores"}),
        "slices": sorted({*model.slices, *(need.by for need in asked if need.by)}),
        "group": model.group,
    }
    nodes = [
        features_node(model, root),
        Node(
            name=f"split {name}",
            run=f"{TRAIN}:parts",
            inputs={"table": Output(node=f"features {name}", name="table")},
            params={"split": msgspec.to_builtins(model.split)},
        ),
        Node(
            name=f"fit {name}",
            run=f"{TRAIN}:fit",
            uses={"fit": name_of(model.fit, root)},
            inputs={"train": train, "schema": Output(node=f"features {name}", name="schema")},
            params={"params": model.params, "task": model.task, "output": model.output},
            seed=model.seed,
            limits=model.limits,
        ),
        Node(
            name=f"export {name}",
            run=f"{TRAIN}:export",
            uses=asking,
            inputs={"model": fitted, "signature": signature, "train": train},
        ),
        Node(
            name=f"predict {name}",
            run=f"{TRAIN}:predict",
            uses=asking,
            inputs={"model": fitted, "signature": signature, "table": test},
        ),
        Node(
            name=f"score {name}",
            run=f"{TRAIN}:score",
            inputs={"predictions": Output(node=f"predict {name}", name="predictions")},
            params={**measured, "part": "test"},
        ),
    ]
    if champion is not None and any(need.what == "difference" for need in asked):
        nodes += champion_nodes(name, champion, test, train, measured, asked, asking)
    return nodes


def champion_nodes(
    name: str,
    champion: Version,
    test: Output,
    train: Output,
    measured: Mapping[str, object],
    asked: tuple[Need, ...],
    asking: dict[str, str | tuple[str, ...]],
) -> list[Node]:
    """The champion on the candidate's test rows, less those it was trained on, and the paired difference."""
    parts = champion.parts
    return [
        Node(
            name=f"predict champion of {name}",
            run=f"{TRAIN}:predict",
            uses=asking,
            inputs={"model": parts["model"], "signature": parts["signature"], "table": test},
            params={"strict": False},
        ),
        Node(
            name=f"compare {name}",
            run=f"{TRAIN}:difference",
            inputs={
                "mine": Output(node=f"predict {name}", name="predictions"),
                "theirs": Output(node=f"predict champion of {name}", name="predictions"),
                "mine_train": train,
                "theirs_train": parts["train"],
            },
            params={
                "metrics": sorted({need.metric for need in asked if need.what == "difference"}),
                "slices": sorted({need.by for need in asked if need.what == "difference" and need.by}),
                "group": measured["group"],
            },
        ),
    ]


def features_node(model: Model, root: Path) -> Node:
    """The table the model learns from. Columns wanted for slices and groups go along, hidden from it."""
    features = model.features
    inputs: dict[str, Asset | Output] = {"of": Output(node=f"data {features.of.name}", name="version")}
    for join in features.joins:
        inputs[f"table {join.dataset.name}"] = Output(node=f"data {join.dataset.name}", name="version")
    asked = needs(model.gates)
    kept = sorted({*model.slices, *(need.by for need in asked if need.by), *filter(None, (model.group,))})
    tables = {features.of.name: features.of, **{each.dataset.name: each.dataset for each in features.joins}}
    return Node(
        name=f"features {model.name}",
        run=FEATURES,
        uses={"compute": tuple(name_of(function, root) for function in features.compute)},
        inputs=inputs,
        params={
            "known": list(features.known),
            "use": None if features.use is None else list(features.use),
            "target": model.target,
            "keep": kept,
            "joins": [msgspec.to_builtins(each.join()) for each in features.joins],
            "shapes": {name: msgspec.to_builtins(table.shape()) for name, table in tables.items()},
        },
        limits=Limits(),
    )


def _tables(model: Model) -> list[str]:
    return [model.features.of.name, *(join.dataset.name for join in model.features.joins)]
