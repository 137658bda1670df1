"""From a node of a plan, once its inputs are known, to a question with a digest."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from comporta.engine.code import CodeDigests
from comporta.engine.environment import Environment
from comporta.engine.step_functions import Steps
from comporta.errors import BadProject
from comporta.records import Asset, Node, NodeKey, Output, Plan, Recipe, Record, Slice, Step, encode
from comporta.store import digest


class Question(Record, frozen=True, kw_only=True):
    """A node whose inputs are known. digest: of its recipe."""

    node: Node
    recipe: Recipe
    digest: str


def recipe_digest(recipe: Recipe, key: bytes) -> str:
    """Keyed BLAKE3 of the recipe's canonical JSON. A step of Comporta's counts by its id, a function of the
    project's by the code it reaches, neither by where it stands; and a slice by what it covers, not by the
    number of the version it was cut from: an append elsewhere is not another question."""
    inputs = {
        name: msgspec.structs.replace(asset, version="", number=0) if isinstance(asset, Slice) else asset
        for name, asset in recipe.inputs.items()
    }
    counted = {
        "run": "" if ":" in recipe.run else recipe.run,
        # `code` covers which functions, in the order of the arguments' names.
        "uses": {
            name: None if isinstance(use, str) else len(use) for name, use in sorted(recipe.uses.items())
        },
        "code": recipe.code,
        "environment": recipe.environment,
        "inputs": inputs,
        "params": recipe.params,
        "seed": recipe.seed,
    }
    return digest(key, encode(counted))


def question_of(
    node: Node,
    inputs: dict[str, Asset],
    steps: Steps,
    code: CodeDigests,
    environment: Environment,
    key: bytes,
) -> Question:
    """The node's question. Raises BadProject where its code cannot be read."""
    reach = code.of(steps.references(node.run, node.uses))
    recipe = Recipe(
        run=steps.id(node.run),
        uses=steps.ids(node.uses),
        code=reach.digest,
        environment=environment.of(reach.packages),
        inputs=inputs,
        params=node.params,
        seed=node.seed,
    )
    return Question(node=node, recipe=recipe, digest=recipe_digest(recipe, key))


def known_inputs(node: Node, steps: Mapping[str, Step]) -> dict[str, Asset] | None:
    """The node's inputs, or None while a node that it reads has no answer.

    Raises BadProject when an earlier answer has no output of that name.
    """
    found: dict[str, Asset] = {}
    for name, asked in node.inputs.items():
        if not isinstance(asked, Output):
            found[name] = asked
            continue
        step = steps.get(asked.node_name)
        if step is None:
            return None
        if asked.name not in step.outputs:
            if asked.may:
                continue
            outputs = ", ".join(sorted(step.outputs)) or "none"
            raise BadProject(
                f"{node.name}: asks for output {asked.name!r} of {asked.node_name!r}, which gave {outputs}."
            )
        found[name] = step.outputs[asked.name]
    return found


def reads(node: Node) -> set[str]:
    """The nodes whose answers it reads."""
    return {asked.node_name for asked in node.inputs.values() if isinstance(asked, Output)}


def check_plan(plan: Plan) -> None:
    """Raises BadProject on a name or a key used twice, or a node that reads a later or absent one."""
    seen: set[str] = set()
    keys: set[NodeKey] = set()
    for node in plan.nodes:
        if node.key is not None and node.key in keys:
            raise BadProject(f"plan: {node.name!r} has the key of another node. Give each its own key.")
        keys |= set() if node.key is None else {node.key}
        if node.name in seen:
            raise BadProject(f"plan: found two nodes named {node.name!r}. Give each its own name.")
        missing = sorted(reads(node) - seen)
        if missing:
            raise BadProject(f"plan: {node.name!r} reads {missing[0]!r}, which does not come before it.")
        seen.add(node.name)
