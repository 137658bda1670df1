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
from comporta.checks import needs
from comporta.checks.measurement import MeasurementSpec
from comporta.checks.pool import POOL
from comporta.checks.shared.measuring.machine import machine
from comporta.opened.bundle import bundle
from comporta.project import Model
from comporta.project.reference import name_of
from comporta.records import Artifact, Asset, Budget, Level, Limits, Need, Node, NodeKey, Output, Record

Thing = Asset | Output

TOOLS = {
    "opened": "train.opened",
    "refitted": "train.refitted",
    "served": "serve.candidate",
    "raw": "serve.raw",
    "counted": "data.counted",
}
"""What a room lends to the steps that measure, by the name under which they are handed it."""

SECONDS: dict[Level, float] = {"commit": 30.0, "release": 300.0, "audit": 3600.0}
"""How long one measuring may take at each level; what takes longer is missing, and so is no pass."""


class Candidate(Record, frozen=True, kw_only=True):
    """A model to be measured, and what there is of it. things: by the names of the pool's table; `earlier`:
    the references of earlier versions, newest first. tables: the datasets that its features read, by name.
    seconds: that measuring it may take together; None: as the level has it."""

    model: Model
    root: Path
    things: dict[str, Thing]
    earlier: tuple[Artifact, ...] = ()
    tables: Mapping[str, Thing] = {}
    seconds: float | None = None


def pooled(need: Need) -> bool:
    """Whether the pool's table says how this is made."""
    return need.what in POOL


def measuring(candidate: Candidate, asked: Sequence[Need], level: Level) -> tuple[Node, ...]:
    """The nodes that make what is asked. A need whose parts are not there has none."""
    made: dict[Need, Node] = {}
    things = dict(candidate.things)
    wanted = _with_parts({need.what for need in asked if pooled(need)})

    def make(need: Need) -> None:
        maker, name = POOL[need.what], name_in(candidate.model, need)
        for part in (*maker.reads.values(), *(each for each in maker.may.values() if each in wanted)):
            if part in POOL and part not in things:
                make(Need(what=part))
        if need in made or any(part not in things for part in maker.reads.values()):
            return
        made[need] = _node(candidate, name, maker, need, things, level)
        if need == Need(what=need.what):
            things.setdefault(need.what, Output(node=name, name=maker.output))

    for need in sorted(filter(pooled, asked), key=_place):
        make(need)
    return tuple(made.values())


def _place(need: Need) -> tuple[bool, int]:
    """What may make all else worthless comes first, and the quick before what is slow or waits for it."""
    return not POOL[need.what].fatal, max(POOL[part].cost for part in _with_parts({need.what}))


def rests_on(model: Model, need: Need) -> set[NodeKey]:
    """The nodes without which it is not measured: its own, and those of the pool that it reads."""
    parts = _with_parts({need.what}) - {need.what}
    return {need_key(model, need), *(need_key(model, Need(what=part)) for part in parts)}


def _with_parts(whats: set[str]) -> set[str]:
    """These things, and all they are made from: what may be left out is made only where it is asked for."""
    found: set[str] = set()
    left = set(whats)
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
    told = [need.metric, need.by and f"by {need.by}"]
    told += [f"{name}={value}" for name, value in need.params]
    told += [f"{name}={_called(model, function)}" for name, function in need.functions]
    words = ", ".join(filter(None, told))
    return f"{need.what} of {model.name}" + (f" ({words})" if words else "")


def kept(asked: Sequence[Need]) -> set[str]:
    """The columns that measuring will ask for: they are kept beside the features."""
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
    maker: MeasurementSpec,
    need: Need,
    things: Mapping[str, Thing],
    level: Level,
) -> Node:
    model = candidate.model
    inputs = {argument: things[thing] for argument, thing in maker.reads.items()}
    inputs |= {argument: things[thing] for argument, thing in maker.may.items() if thing in things}
    if "earlier" in maker.many:
        inputs |= {f"earlier {n}": one for n, one in enumerate(candidate.earlier, start=1)}
    if "tables" in maker.many:
        inputs |= {f"table {name}": table for name, table in candidate.tables.items()}
    uses: dict[str, str | tuple[str, ...]] = {
        tool: name_of(model.fit, candidate.root) if tool == "fit" else TOOLS[tool] for tool in maker.tools
    }
    uses |= {argument: name_of(function, candidate.root) for argument, function in need.functions}
    if "opened" in maker.tools:
        # A kept model may be of the project's own classes: whatever asks it must count their code.
        uses["_fit"] = name_of(model.fit, candidate.root)
    facts = told(model)
    if "way" in maker.tells:
        facts["way"] = msgspec.to_builtins(bundle(model, candidate.root))
        uses["_compute"] = tuple(name_of(function, candidate.root) for function in model.features.compute)
    selected = {"metric": need.metric, "by": need.by}
    return Node(
        name=name,
        key=need_key(model, need),
        run=maker.run,
        uses=uses,
        inputs=inputs,
        params={
            **{fact: facts[fact] for fact in maker.tells},
            **{argument: value for argument, value in selected.items() if value},
            **{argument: msgspec.json.decode(text) for argument, text in need.params},
        },
        seed=model.seed,
        allow_failure=True,
        limits=Limits(seconds=SECONDS[level], memory=model.limits.memory),
        budget=Budget(
            of=f"evidence of {model.name}",
            seconds=seconds_at(level) if candidate.seconds is None else candidate.seconds,
        ),
    )


def told(model: Model) -> dict[str, Any]:
    """What a measuring step may be told of the declaration, and of where it runs."""
    return {
        "group": model.group,
        "slices": list(model.slices),
        "split": msgspec.to_builtins(model.split),
        "task": model.task,
        "output": model.output,
        "params": model.params,
        "metrics": list(model.metrics),
        "known": list(model.features.known),
        "machine": machine()["digest"],
        "shapes": {table.name: msgspec.to_builtins(table.shape()) for table in model.features.tables()},
    }


def told_to(asked: Sequence[Need]) -> set[str]:
    """What of the declaration is told to the steps that measure these, and to those that they read."""
    makers = (POOL[what] for what in _with_parts({need.what for need in asked if pooled(need)}))
    return {fact for maker in makers for fact in maker.tells}


def _called(model: Model, function: object) -> str:
    """The function's name, and which it is of several of that name: not where it stands, which may change."""
    name = _name(function)
    asked = (each for need in needs(checks(model)) for _, each in need.functions)
    alike = list(dict.fromkeys(each for each in asked if _name(each) == name))
    return f"{name} {alike.index(function) + 1}" if function in alike[1:] else name


def _name(function: object) -> str:
    return str(getattr(function, "__qualname__", type(function).__qualname__))
