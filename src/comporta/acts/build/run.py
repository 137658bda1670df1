"""A run: ask the plan, and enter what came of it in the registry, judged."""

from __future__ import annotations

from collections.abc import Mapping

from comporta.acts.build.plan import build_nodes, plan
from comporta.acts.judge.budget import seconds_at
from comporta.acts.judge.checks import checks
from comporta.acts.judge.forms import Forms, forms
from comporta.acts.judge.nodes import data_key
from comporta.acts.judge.pool import score_key
from comporta.acts.judge.verdicts import (
    champion,
    earlier,
    evaluated,
    judged_now,
    late,
    logs,
    measured,
    verdicts_of,
)
from comporta.engine import Progress
from comporta.errors import BadProject
from comporta.opened import source as code
from comporta.opened.bundle import Bundle, bundle
from comporta.opened.conceal import carried_on, revealed
from comporta.opened.follow import follow
from comporta.opened.optimistic import settle
from comporta.opened.people import readable
from comporta.opened.project import OpenProject
from comporta.opened.steps import built_keys
from comporta.project import Model
from comporta.project.faults import faults, listed
from comporta.records import Answers, Artifact, Fact, Level, Record, Run, Slice, Version, View
from comporta.registry import VERSIONS, inherited, judged, register, version_key
from comporta.store import StepContext


class RunReport(Record, frozen=True, kw_only=True):
    """What came of a run. fresh: ids of the versions that are new, or judged anew; the others stand as
    they were."""

    run: Run
    datasets: tuple[Slice, ...]
    versions: tuple[Version, ...]
    fresh: tuple[str, ...]
    answers: Answers


def run(
    opened: OpenProject,
    models: tuple[str, ...] = (),
    *,
    level: Level = "release",
    progress: Progress | None = None,
    command: str = "run",
) -> RunReport:
    """Ask sources, build what changed, judge it. models: names; empty: all. level: how deeply.

    Raises StepFailed, ExpectationBroken, SchemaChanged, BadProject; what was answered stays remembered.
    """
    if found := faults(opened.project, opened.root):
        raise BadProject(listed(found))
    wanted = tuple(opened.model(name) for name in models) or opened.project.models
    # Before anything is asked: what is edited while it trains is not what it is asked to pass.
    declared = {model.name: forms(opened, model) for model in wanted}
    champions = {model.name: champion(opened, model.name) for model in wanted}
    past = {model.name: earlier(opened, model.name) for model in wanted}
    served = logs(opened, wanted, level)
    seconds = seconds_at(level, opened.settings.budget)
    asked = plan(opened.project, opened.root, wanted, champions, past, level, logs=served, seconds=seconds)
    done, answers = opened.engine.ask(asked, command=command, project=opened.project.name, progress=progress)
    datasets = follow(opened, answers)
    versions, fresh = [], []
    for model in wanted:
        version, is_new = enter(opened, model, done, answers, level, declared[model.name])
        versions.append(version)
        fresh += [version.id] if is_new else []
    return RunReport(
        run=done,
        datasets=datasets,
        versions=readable(opened, *versions),
        fresh=tuple(fresh),
        answers=answers,
    )


def enter(
    opened: OpenProject,
    model: Model,
    done: Run,
    answers: Answers,
    level: Level,
    declared: Forms,
) -> tuple[Version, bool]:
    """The judged version of these answers, and whether anything of it is new: what was built by the same
    questions is the same version, whatever its gates ask by now. declared: the forms of its checks."""
    context = opened.context
    gates = checks(model)
    keys = (*built_keys(model.name).values(), score_key(model))
    mine = {key.name: answer for key in keys if (answer := answers.of(key)) is not None}
    steps = {name: answer.recipe for name, answer in mine.items()}
    parts = {
        name: asset
        for answer in mine.values()
        for name, asset in answer.step.outputs.items()
        if isinstance(asset, Artifact)
    }
    parts |= measured(answers, model)
    parts["code"] = code.keep(
        context, opened.root, opened.engine.own_modules(build_nodes(model, opened.root))
    )
    parts["bundle"] = context.put_json(bundle(model, opened.root))
    tables = {data_key(table.name): None for table in model.features.tables()}
    read = tuple(
        asset
        for answer in map(answers.of, tables)
        if answer is not None
        for asset in answer.step.outputs.values()
        if isinstance(asset, Slice)
    )

    found = judged_now(context, model, level, answers, late(opened, done))

    def look(view: View) -> tuple[Version, ...]:
        return tuple(version for _, version in view.scan(VERSIONS, f"{model.name}/"))

    def decide(versions: tuple[Version, ...]) -> tuple[list[Fact], tuple[int, bool]]:
        same = (each for each in reversed(versions) if _built(each) == _built_by(steps, model))
        version = next((each for each in same if _asks_as(context, each, model)), None)
        is_new, facts = version is None, list[Fact]()
        if version is None:
            required = tuple(check.name for check in gates if check.required)
            candidate = Version(
                model=model.name,
                number=1 + max((each.number for each in versions), default=0),
                run=done.id,
                at=opened.clock(),
                commit=done.commit,
                dirty=done.dirty,
                steps=steps,
                parts=parts,
                read=read,
                policy=declared.policy,
                needed=model.approvals,
                asked=required,
                forms={name: declared.now[name] for name in required},
            )
            version = carried_on(context, inherited(candidate, versions))
            facts.append(register(version, versions))
        version = carried_on(context, version)
        facts += evaluated(opened.ledger, opened.keys, model, answers, version, done)
        formerly = declared.of(version)
        verdicts = verdicts_of(context, model, level, found, formerly(version), declared.now)
        fact = judged(
            version,
            verdicts,
            declared.policy,
            level,
            measured(answers, model),
            renamed=formerly.renamed,
            as_policy=formerly.as_policy,
        )
        facts += [] if fact is None else [fact]
        return facts, (version.number, is_new or fact is not None)

    number, is_fresh = settle(opened.ledger, look, decide)
    version = opened.ledger.get(VERSIONS, version_key(model.name, number))
    assert version is not None, "a registered version is in the inventory"
    return revealed(opened, version), is_fresh


def _asks_as(context: StepContext, version: Version, model: Model) -> bool:
    """Whether the version asks people and requests for what the model declares by now."""
    wanted = context.get_json(version.parts["bundle"], Bundle).requires
    return version.needed >= model.approvals and wanted == tuple(model.requires)


def _built(version: Version) -> dict[str, str]:
    return {name: version.steps.get(name, "") for name in _names(version.model)}


def _built_by(steps: Mapping[str, str], model: Model) -> dict[str, str]:
    return {name: steps[name] for name in _names(model.name)}


def _names(model: str) -> list[str]:
    """What the steps that build a model are called in its versions."""
    return [key.name for key in built_keys(model).values()]
