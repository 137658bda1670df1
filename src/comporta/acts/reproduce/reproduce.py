"""Build a version again from its stored data and source, without the cache, and compare every output."""

from __future__ import annotations

import msgspec
from msgspec import field

from comporta.acts.release.release import version_of
from comporta.acts.reproduce.older_answers import say_the_same
from comporta.engine import Progress
from comporta.errors import NotFound, Tampered
from comporta.opened.artifacts import is_whole
from comporta.opened.environment_command import (
    STEP_FAULTS,
    build_advice,
    changed_libraries,
    in_its_environment,
    is_built,
    run_in_environment,
)
from comporta.opened.lineage import QUESTIONS, AnsweredRecipe
from comporta.opened.permission import permission
from comporta.opened.project import OpenProject
from comporta.opened.sentences import Say, sentence
from comporta.opened.source import lay_out
from comporta.opened.staleness import staleness
from comporta.project.sources import enter_project
from comporta.records import NO_TEXT, Answer, Artifact, Asset, Node, Output, Plan, Record, Staleness, Version
from comporta.records.environment_lock import LockedChange
from comporta.records.facts import VersionReproduced
from comporta.records.staleness import erased_datasets, unknown
from comporta.store import StepContext


class StepComparison(Record, frozen=True, kw_only=True):
    """One step that was run again. recipe_equal: whether its recipe is the same (code, environment, inputs).

    equal: no output differs or was damaged. differs: outputs with other bytes. damaged: outputs whose stored
    bytes are missing or corrupt. newer: outputs with the same content in a newer format."""

    node: str
    recipe_equal: bool = field(name="asked")
    equal: bool
    differs: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()
    newer: tuple[str, ...] = ()


class Reproduction(Record, frozen=True, kw_only=True):
    """The result of `reproduce`. equal: every step, bit for bit; where the format is newer, by content.

    reason: one sentence."""

    version: str
    equal: bool
    steps: tuple[StepComparison, ...]
    reason: str


def reproduce(
    opened: OpenProject, name: str, *, progress: Progress | None = None, say: Say = sentence
) -> Reproduction:
    """Every step of a version run again in fresh processes: with the libraries that are installed, or where
    these are others than then and its environment is built, in that one.

    Raises NotFound, StepFailed; Refused where a step fails with other libraries than then."""
    version = version_of(opened, name)
    who = permission(opened, "train.run", model=version.model, nameless=True)
    changes = changed_libraries(opened, version)
    if changes and is_built(opened, version):
        return msgspec.convert(run_in_environment(opened, version, ("reproduce", version.id)), Reproduction)
    since = staleness(opened, version)
    questions = questions_of(opened, version)
    # Before any step runs: writing the same bytes again would repair them.
    damaged = {node: damaged_outputs(opened, question) for node, question in questions.items()}
    root = lay_out(opened.context, version.parts["code"], opened.below / "code")
    engine = opened.engine_at(root)
    try:
        run, answers = engine.ask(
            Plan(nodes=replay(questions)),
            command=f"reproduce {version.id}",
            purpose="reproduce",
            project=opened.project.name,
            progress=progress,
            memory=False,
            by=who.identify(),
        )
    except STEP_FAULTS as error:
        if not changes:
            raise
        raise in_its_environment(version, changes, error) from error
    finally:
        engine.close()
        # Steps that ran in this process had the kept source entered, which refuses every live file.
        enter_project(opened.root)
    steps = tuple(
        compare(opened.context, node, version.steps[node], question, answers[node], damaged[node])
        for node, question in questions.items()
    )
    differing = tuple(each.node for each in steps if not each.equal)
    who.append(
        VersionReproduced(
            model=version.model,
            number=version.number,
            run=run.id,
            equal=not differing,
            differs=differing,
            by=who.actor.id,
        )
    )
    return Reproduction(
        version=version.id,
        equal=not differing,
        steps=steps,
        reason=_reason(version, steps, since, changes, say),
    )


def questions_of(opened: OpenProject, version: Version) -> dict[str, AnsweredRecipe]:
    """Node → its recipe and outputs, each after those it reads. Raises NotFound when one is missing."""
    found: dict[str, AnsweredRecipe] = {}
    for node, recipe in version.steps.items():
        question = opened.ledger.get(QUESTIONS, recipe)
        if question is None:
            raise NotFound(f"{version.id}: the question of {node!r} is not in the ledger.")
        found[node] = question
    return in_order(found)


def in_order(questions: dict[str, AnsweredRecipe]) -> dict[str, AnsweredRecipe]:
    """Each recipe after those whose outputs it reads: the ledger keeps them sorted by name."""
    makes = {asset: node for node, question in questions.items() for asset in question.outputs.values()}
    ordered: dict[str, AnsweredRecipe] = {}

    def visit(node: str) -> None:
        if node in ordered:
            return
        for asset in questions[node].recipe.inputs.values():
            if (maker := makes.get(asset)) is not None and maker != node:
                visit(maker)
        ordered[node] = questions[node]

    for node in questions:
        visit(node)
    return ordered


def replay(questions: dict[str, AnsweredRecipe]) -> tuple[Node, ...]:
    """The plan of these recipes, in order: an output of an earlier one is read from its new run."""
    made: dict[Asset, Output] = {}
    nodes = []
    for name, question in questions.items():
        recipe = question.recipe
        nodes.append(
            Node(
                name=name,
                run=recipe.run,
                uses=recipe.uses,
                inputs={role: made.get(asset, asset) for role, asset in recipe.inputs.items()},
                params=recipe.params,
                seed=recipe.seed,
            )
        )
        for output, asset in question.outputs.items():
            made.setdefault(asset, Output(node_name=name, name=output))
    return tuple(nodes)


def damaged_outputs(opened: OpenProject, question: AnsweredRecipe) -> tuple[str, ...]:
    """The outputs whose stored bytes are gone or are not what their digest says."""
    return tuple(
        sorted(
            name
            for name, asset in question.outputs.items()
            if isinstance(asset, Artifact) and not is_whole(opened, asset)
        )
    )


def compare(
    context: StepContext,
    node: str,
    recipe: str,
    question: AnsweredRecipe,
    answer: Answer,
    damaged: tuple[str, ...] = (),
) -> StepComparison:
    """The new outputs compared with the stored ones. recipe: digest of the recipe as it was."""
    then, now = question.outputs, answer.step.outputs
    others = sorted(name for name in then.keys() | now.keys() if not _same(then.get(name), now.get(name)))
    newer = tuple(name for name in others if _say_the_same(context, name, then.get(name), now.get(name)))
    differs = tuple(name for name in others if name not in newer)
    return StepComparison(
        node=node,
        recipe_equal=answer.recipe == recipe,
        equal=not differs and not damaged,
        differs=differs,
        damaged=damaged,
        newer=newer,
    )


def _say_the_same(context: StepContext, name: str, then: Asset | None, now: Asset | None) -> bool:
    if not isinstance(then, Artifact) or not isinstance(now, Artifact):
        return False
    try:
        return say_the_same(name, context.get(then), context.get(now))
    except (NotFound, Tampered):  # deleted or damaged since: only its digest is left
        return False


def _same(then: Asset | None, now: Asset | None) -> bool:
    if isinstance(then, Artifact) and isinstance(now, Artifact):
        return then.digest == now.digest
    return then == now


def _reason(
    version: Version,
    steps: tuple[StepComparison, ...],
    answers: tuple[Staleness, ...],
    changes: tuple[LockedChange, ...],
    say: Say,
) -> str:
    differing = [each for each in steps if not each.equal]
    if not differing:
        if newer := [each.node for each in steps if each.newer]:
            return f"All {len(steps)} steps gave the same; {', '.join(newer)}: in a newer form."
        return f"All {len(steps)} steps gave the same bytes."
    first = differing[0]
    if first.damaged and not first.differs:
        return (
            f"{first.node}: the stored bytes of {', '.join(first.damaged)} were missing or corrupt; they are "
            "restored now, built again from the same recipe."
        )
    if gone := erased_datasets(answers):
        return f"Rows it learned from were erased since from {', '.join(gone)}: it cannot be reproduced."
    if open_ := unknown(answers):
        causes = (f"{each.dataset}: {say(each.cause or NO_TEXT)}" for each in open_)
        return (
            f"{first.node} differs, and whether rows it learned from were erased since is unknown: "
            f"{'; '.join(causes)}."
        )
    if changes:
        return f"{first.node}: {', '.join(first.differs)} differ. {build_advice(version, changes)}"
    if not first.recipe_equal:
        return f"{first.node}: the code or the environment has changed since."
    return (
        f"{first.node}: {', '.join(first.differs)} differ, though code, environment and inputs are the same."
    )
