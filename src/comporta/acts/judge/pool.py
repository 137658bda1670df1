"""The evidence pool of one candidate as questions: what its checks need, each once. First what may make the
rest worthless, then the quick.

needs ─▶ the pool's table ─▶ nodes, each reading what the candidate has or what another node makes
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from comporta.acts.judge.budget import seconds_at
from comporta.acts.judge.checks import checks
from comporta.acts.judge.opening import opening
from comporta.checks import needs
from comporta.checks.pool import POOL
from comporta.errors import BadProject
from comporta.opened.bundle import bundle
from comporta.project import Model
from comporta.project.reference import name_of
from comporta.records import (
    Artifact,
    Asset,
    Budget,
    Level,
    Limits,
    MeasurementSpec,
    Need,
    Node,
    NodeKey,
    Output,
    Record,
)
from comporta.records.recipe import COMPUTE
from comporta.records.variadic_input import earlier_input, table_input

Thing = Asset | Output

TOOLS = {
    "opened": "train.opened",
    "refitted": "train.refitted",
    "served": "serve.candidate",
    "raw": "serve.raw",
    "counted": "data.counted",
}
"""What a room lends to the steps that measure, by the name under which they are handed it."""

GIVEN = {
    *("train", "test", "model", "signature", "predictions", "parity", "trial", "onnx", "bundle", "code"),
    *("champion model", "champion signature", "champion train", "champion predictions", "logged"),
}
"""What may be there of a candidate without any measuring; what of it is not there is not measured."""

CONTEXT = {
    *(
        "group",
        "slices",
        "split",
        "task",
        "output",
        "decimals",
        "params",
        "metrics",
        "known",
        "machine",
        "shapes",
        "joins",
        "way",
    ),
}
"""What of the declaration a measuring step may be handed."""

SECONDS_OF_A_MEASURING: dict[Level, float] = {"commit": 30.0, "release": 300.0, "audit": 3600.0}
"""Seconds of wall time that one measuring may take at each level; what takes longer is missing, and so is no
pass."""


class Candidate(Record, frozen=True, kw_only=True):
    """A model to be measured, and what there is of it. things: by the names of the pool's table; `earlier`:
    the references of earlier versions, newest first. machine: the digest of the one that measures. tables:
    the datasets that its features read, by name. seconds: wall time that all its measuring may take
    together; None: as the level has it."""

    model: Model
    root: Path
    things: dict[str, Thing]
    machine: str
    earlier: tuple[Artifact, ...] = ()
    tables: Mapping[str, Thing] = {}
    seconds: float | None = None


def spec_of(need: Need) -> MeasurementSpec | None:
    """How this need is measured; None for one that only scoring makes. Raises BadProject where a need with a
    function of its own has the name of one that Comporta measures, or reads what there is not."""
    if need.spec is None:
        return POOL.get(need.what)
    if need.what in POOL or need.what == "scores":
        raise BadProject(
            f"need {need.what!r}: found a measuring function of its own for what Comporta measures, expected "
            "another name. Rename the need."
        )
    for of, named, known in (
        ("reads", {*need.spec.reads.values(), *need.spec.optional.values()}, {*GIVEN, *POOL}),
        ("functions", {*need.spec.functions}, {*TOOLS, "fit"}),
        ("variadic", {*need.spec.variadic}, {"earlier", "tables"}),
        ("context", {*need.spec.context}, CONTEXT),
    ):
        if unknown := sorted(named - known):
            raise BadProject(
                f"need {need.what!r}: its spec {of} {', '.join(unknown)}, expected some of "
                f"{', '.join(sorted(known))}. Correct its MeasurementSpec."
            )
    return need.spec


def has_own_step(need: Need) -> bool:
    """Whether a step of its own measures this need. Raises BadProject as `spec_of`."""
    return spec_of(need) is not None


def measuring(candidate: Candidate, asked: Sequence[Need], level: Level) -> tuple[Node, ...]:
    """The nodes that make what is asked, each after those that it reads: what makes all else worthless
    first, then the quick. A need whose parts are not there has none. Raises BadProject: a need as in
    `spec_of`, or a function without a name."""
    made: dict[Need, Node] = {}
    things = dict(candidate.things)
    wanted = set().union(*map(_parts, filter(has_own_step, asked)))

    def make(need: Need) -> None:
        spec, name = _spec(need), name_in(candidate.model, need)
        for part in (*spec.reads.values(), *(each for each in spec.optional.values() if each in wanted)):
            if part in POOL and part not in things:
                make(Need(what=part))
        if need in made or any(part not in things for part in spec.reads.values()):
            return
        made[need] = _node(candidate, name, spec, need, things, level)
        if need == Need(what=need.what):
            things.setdefault(need.what, Output(node_name=name, name=spec.output))

    for need in sorted(filter(has_own_step, asked), key=_place):
        make(need)
    return tuple(made.values())


def _spec(need: Need) -> MeasurementSpec:
    spec = spec_of(need)
    assert spec is not None, "only needs that a step measures come here"
    return spec


def _place(need: Need) -> tuple[bool, int]:
    """What may make all else worthless comes first, and the quick before what is slow or waits for it."""
    spec, parts = _spec(need), _parts(need) - {need.what}
    return not spec.fatal, max(spec.cost, *(POOL[part].cost for part in parts), 0)


def reads_logged(asked: Sequence[Need]) -> bool:
    """Whether any of these is measured on the requests of production whose labels have come."""
    specs = map(_spec, filter(has_own_step, asked))
    return any("logged" in (*spec.reads.values(), *spec.optional.values()) for spec in specs)


def rests_on(model: Model, need: Need) -> set[NodeKey]:
    """The nodes without which it is not measured: its own, and those of the pool that it reads."""
    parts = _parts(need) - {need.what}
    return {need_key(model, need), *(need_key(model, Need(what=part)) for part in parts)}


def _parts(need: Need) -> set[str]:
    """It, and all of the pool that it is made from; what is optional is made only where it is asked for."""
    found = {need.what}
    left = {part for part in _spec(need).reads.values() if part in POOL}
    while left:
        what = left.pop()
        found.add(what)
        left |= {part for part in POOL[what].reads.values() if part in POOL} - found
    return found


def score_key(model: Model) -> NodeKey:
    """The node that scores the model on its test rows."""
    return NodeKey(kind="score", model=model.name)


def need_key(model: Model, need: Need) -> NodeKey:
    """The node that measures this need."""
    return NodeKey(kind="evidence", model=model.name, need=need)


def name_in(model: Model, need: Need) -> str:
    """The node that makes this need: `noise late`, with what tells it from others of its kind."""
    details = [need.metric, need.by and f"by {need.by}"]
    details += [f"{name}={value}" for name, value in need.params]
    details += [f"{name}={_function_name(model, function)}" for name, function in need.functions]
    words = ", ".join(filter(None, details))
    return f"{need.what} of {model.name}" + (f" ({words})" if words else "")


def columns_to_keep(asked: Sequence[Need]) -> set[str]:
    """The names of the columns that measuring will ask for: a need's `by`, and what its params `by`,
    `columns` and `of` name."""
    found: set[str] = set()
    for need in asked:
        found |= {need.by} if need.by else set()
        for name, text in need.params:
            if name in ("by", "columns", "of"):
                value = msgspec.json.decode(text)
                found |= {value} if isinstance(value, str) else {each for each in value or () if each}
    return found


def _node(
    candidate: Candidate,
    name: str,
    spec: MeasurementSpec,
    need: Need,
    things: Mapping[str, Thing],
    level: Level,
) -> Node:
    model = candidate.model
    inputs = {argument: things[thing] for argument, thing in spec.reads.items()}
    inputs |= {argument: things[thing] for argument, thing in spec.optional.items() if thing in things}
    if "earlier" in spec.variadic:
        inputs |= {earlier_input(n): one for n, one in enumerate(candidate.earlier, start=1)}
    if "tables" in spec.variadic:
        inputs |= {table_input(name): table for name, table in candidate.tables.items()}
    uses: dict[str, str | tuple[str, ...]] = {
        tool: name_of(model.fit, candidate.root) if tool == "fit" else TOOLS[tool] for tool in spec.functions
    }
    uses |= {argument: name_of(function, candidate.root) for argument, function in need.functions}
    if "opened" in spec.functions:
        uses |= opening(model, candidate.root)
    facts = {**declared_facts(model), "machine": candidate.machine}
    if "way" in spec.context:
        facts["way"] = bundle(model, candidate.root).as_parameter()
        uses[COMPUTE] = tuple(name_of(function, candidate.root) for function in model.features.compute)
    selected = {"metric": need.metric, "by": need.by}
    return Node(
        name=name,
        key=need_key(model, need),
        run=spec.run if need.measure is None else name_of(need.measure, candidate.root),
        uses=uses,
        inputs=inputs,
        params={
            **{fact: facts[fact] for fact in spec.context if fact in facts},
            **{argument: value for argument, value in selected.items() if value},
            **{argument: msgspec.json.decode(text) for argument, text in need.params},
        },
        seed=model.seed,
        allow_failure=True,
        limits=Limits(seconds=SECONDS_OF_A_MEASURING[level], memory=model.limits.memory),
        budget=Budget(
            of=f"evidence of {model.name}",
            seconds=seconds_at(level) if candidate.seconds is None else candidate.seconds,
        ),
    )


def declared_facts(model: Model) -> dict[str, Any]:
    """Name in `CONTEXT` → JSON value, of all that a measuring step may be handed of the declaration, but
    `way`."""
    return {
        "group": model.group,
        "slices": list(model.slices),
        "split": msgspec.to_builtins(model.split),
        "task": model.task,
        "output": model.output,
        **({} if model.decimals is None else {"decimals": model.decimals}),
        "params": model.params,
        "metrics": list(model.metrics),
        "known": list(model.features.known),
        "joins": [join.join().dataset for join in model.features.joins],
        "shapes": {table.name: msgspec.to_builtins(table.shape()) for table in model.features.tables()},
    }


def facts_read_by(asked: Sequence[Need]) -> set[str]:
    """The names in `CONTEXT` that the steps which measure these are handed, and those that they read."""
    measured = tuple(filter(has_own_step, asked))
    parts = set().union(*map(_parts, measured))
    specs = (*map(_spec, measured), *(POOL[what] for what in parts if what in POOL))
    return {fact for spec in specs for fact in spec.context}


def _function_name(model: Model, function: object) -> str:
    """The function's name, and which it is of several of that name: not where it stands, which may change."""
    name = _name(function)
    asked = (each for need in needs(checks(model)) for _, each in need.functions)
    alike = list(dict.fromkeys(each for each in asked if _name(each) == name))
    return f"{name} {alike.index(function) + 1}" if function in alike[1:] else name


def _name(function: object) -> str:
    return str(getattr(function, "__qualname__", type(function).__qualname__))
