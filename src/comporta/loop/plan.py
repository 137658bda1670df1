"""The one place where rooms are put together: a project becomes a plan of questions.

    data … ─▶ features ─▶ parts ─▶ fit ─▶ export
                            │       └───▶ predict ─▶ score ──┐
                            └─▶ predict champion ────────────┼─▶ evidence
                            └─▶ what else the gates need ────┘

Pure: it asks nothing, and reads only what it is given.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from comporta.gates import asked_at, needs
from comporta.loop.bundle import bundle
from comporta.loop.checks import checks
from comporta.loop.logged import Logs, logged_node
from comporta.loop.pool import Candidate, Thing, kept, measuring
from comporta.project import Dataset, Model, Project
from comporta.project.reference import name_of
from comporta.records import Artifact, Asset, Level, Limits, Need, Node, Output, Plan, Version

BUILT = ("features", "split", "fit", "export", "predict")
"""The kinds of node that make a version what it is; the others measure it."""


def plan(
    project: Project,
    root: Path,
    models: tuple[Model, ...],
    champions: Mapping[str, Version | None],
    earlier: Mapping[str, tuple[Artifact, ...]] | None = None,
    level: Level = "release",
    rows: int | None = None,
    logs: Logs | None = None,
    seconds: float | None = None,
) -> Plan:
    """All that must be known before these models can be judged. champions: what each is compared with.
    earlier: the references of each model's earlier versions. rows: how many to try it on; None: all.
    logs: the prediction log and the feedback, where they are asked for. seconds: see `Candidate`."""
    wanted = {table.name for model in models for table in model.features.tables()}
    nodes = [
        data_node(dataset, root)
        for dataset in project.tables().values()
        if dataset.name in wanted or not models
    ]
    for model in models:
        nodes += (
            build_nodes(model, root) if rows is None else tried(build_nodes(model, root), model.name, rows)
        )
        things = built(model.name)
        past = (earlier or {}).get(model.name, ())
        tables = {
            each.name: Output(node=f"data {each.name}", name="version") for each in model.features.tables()
        }
        served = (logs, tables) if logs is not None and logs.requests.get(model.name) else None
        champion = champions.get(model.name)
        nodes += evidence_nodes(model, root, things, champion, past, level, served, tables, seconds)
    return Plan(nodes=tuple(nodes))


def data_node(dataset: Dataset, root: Path) -> Node:
    """A new version of the dataset, if its source has other rows than before."""
    source = dataset.source
    return Node(
        name=f"data {dataset.name}",
        run="data.snapshot",
        uses={} if isinstance(source, str) else {"source": name_of(source, root)},
        params={
            "shape": msgspec.to_builtins(dataset.shape()),
            "change": dataset.change,
            **({"glob": source} if isinstance(source, str) else {}),
        },
        remember=False,
    )


def build_nodes(model: Model, root: Path) -> list[Node]:
    """From its tables to the fitted model, every form of it, and what it says of the test rows."""
    name = model.name
    things = built(name)
    fitted = {"model": things["model"], "signature": things["signature"]}
    # A kept model may be of the project's own classes: whatever asks it must count their code.
    asking: dict[str, str | tuple[str, ...]] = {"_fit": name_of(model.fit, root)}
    return [
        features_node(model, root),
        Node(
            name=f"split {name}",
            run="train.split",
            inputs={"table": Output(node=f"features {name}", name="table")},
            params={"split": msgspec.to_builtins(model.split)},
        ),
        Node(
            name=f"fit {name}",
            run="train.fit",
            uses={"fit": name_of(model.fit, root)},
            inputs={"train": things["train"], "schema": Output(node=f"features {name}", name="schema")},
            params={"params": model.params, "task": model.task, "output": model.output},
            seed=model.seed,
            limits=model.limits,
        ),
        Node(
            name=f"export {name}",
            run="train.export",
            uses=asking,
            inputs={**fitted, "train": things["train"]},
        ),
        Node(
            name=f"predict {name}",
            run="train.predict",
            uses=asking,
            inputs={**fitted, "table": things["test"]},
        ),
    ]


def tried(nodes: list[Node], name: str, rows: int) -> list[Node]:
    """The same on a sample of the table."""
    whole = Output(node=f"features {name}", name="table")
    some = Node(name=f"sample {name}", run="train.sample", inputs={"table": whole}, params={"rows": rows})
    part = Output(node=some.name, name="table")

    def on_some(node: Node) -> Node:
        inputs = {role: part if asked == whole else asked for role, asked in node.inputs.items()}
        return msgspec.structs.replace(node, inputs=inputs)

    return [nodes[0], some, *map(on_some, nodes[1:])]


def built(name: str) -> dict[str, Output]:
    """What a run makes of a model before anything is measured, by the names of the evidence pool."""
    makes = {
        "split": ("train", "test", "counts"),
        "fit": ("model", "signature"),
        "export": ("parity", "trial", "onnx"),
        "predict": ("predictions",),
    }
    return {
        output: Output(node=f"{node} {name}", name=output, may=output == "onnx")
        for node, outputs in makes.items()
        for output in outputs
    }


def evidence_nodes(
    model: Model,
    root: Path,
    things: Mapping[str, Thing],
    champion: Version | None,
    earlier: tuple[Artifact, ...],
    level: Level,
    served: tuple[Logs, Mapping[str, Thing]] | None = None,
    tables: Mapping[str, Thing] | None = None,
    seconds: float | None = None,
) -> list[Node]:
    """What its gates ask for at this level, and the reference that later versions are compared with.
    served: the logs of production, and the tables that its requests are joined with. tables: those that its
    features were made of."""
    asked = needs(asked_at(checks(model), level))
    nodes = [score_node(model, things, asked)]
    there = dict(things)
    if served is not None and any(need.what == "replay" for need in asked):
        nodes.append(logged_node(model, root, things, *served, beside(model)))
        there["logged"] = Output(node=nodes[-1].name, name="table")
    if champion is not None:
        parts = champion.parts
        said = Output(node=f"predict champion of {model.name}", name="predictions")
        there |= {f"champion {part}": parts[part] for part in ("model", "signature", "train")}
        there["champion predictions"] = said
        nodes.append(champion_node(model, root, champion, things))
    candidate = Candidate(
        model=model, root=root, things=there, earlier=earlier, tables=tables or {}, seconds=seconds
    )
    # What later versions are compared with; nothing is compared with a trial.
    kept = (Need(what="reference"),) if level != "commit" else ()
    return [*nodes, *measuring(candidate, (*kept, *asked), level)]


def score_node(model: Model, things: Mapping[str, Thing], asked: tuple[Need, ...]) -> Node:
    """Every metric with its interval, overall and by slice: also by those of comparisons, so that it is known
    which of them are too small."""
    mine = [need for need in asked if need.what == "scores"]
    return Node(
        name=f"score {model.name}",
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
    """The champion on the candidate's test rows."""
    return Node(
        name=f"predict champion of {model.name}",
        run="train.predict",
        uses={"_fit": name_of(model.fit, root)},
        inputs={
            "model": champion.parts["model"],
            "signature": champion.parts["signature"],
            "table": things["test"],
        },
        params={"strict": False},
    )


def features_node(model: Model, root: Path) -> Node:
    """The table the model learns from. Columns wanted for slices and groups go along, hidden from it."""
    way = bundle(model, root)
    inputs: dict[str, Asset | Output] = {"of": Output(node=f"data {way.of}", name="version")}
    for join in way.joins:
        inputs[f"table {join.dataset}"] = Output(node=f"data {join.dataset}", name="version")
    return Node(
        name=f"features {model.name}",
        run="data.features",
        uses={"compute": way.compute},
        inputs=inputs,
        params={**way.params(), "keep": beside(model)},
        limits=Limits(),
    )


def beside(model: Model) -> list[str]:
    """The columns kept beside the features, hidden from the model: for slices, groups and gates, of whatever
    level, since another level must not be another table."""
    return sorted({*model.slices, *kept(needs(checks(model))), *filter(None, (model.group,))})
