"""The version that a run's answers make: registered if it is new, and judged."""

from __future__ import annotations

from comporta.acts.build.plan import build_nodes
from comporta.acts.judge.checks import checks
from comporta.acts.judge.forms import Forms
from comporta.acts.judge.nodes import data_key
from comporta.acts.judge.pool import score_key
from comporta.acts.judge.verdicts import evaluations_of, judged_now, late, reference_of, verdicts_of
from comporta.opened import source as code
from comporta.opened.built import built_keys
from comporta.opened.bundle import bundle
from comporta.opened.conceal import carried_on, reveal_version
from comporta.opened.optimistic import settle
from comporta.opened.project import OpenProject
from comporta.project import Model
from comporta.records import Answers, Artifact, Fact, Level, Record, Run, Slice, Version, View
from comporta.records.features import Bundle
from comporta.registry import VERSIONS, inherit_verdicts, record_verdicts, register, version_key
from comporta.store import StepContext


class Build(Record, frozen=True, kw_only=True):
    """What a model's steps made in one run. steps: node → digest of its recipe. parts: name → artifact.
    read: the dataset versions that it learned from."""

    steps: dict[str, str]
    parts: dict[str, Artifact]
    read: tuple[Slice, ...]


def enter_version(
    opened: OpenProject,
    model: Model,
    run: Run,
    answers: Answers,
    level: Level,
    declared: Forms,
) -> tuple[Version, bool]:
    """The judged version of these answers, and whether anything of it is new: what was built by the same
    recipes is the same version, whatever its gates ask by now. declared: the forms of its checks."""
    context = opened.context
    build = _build(opened, model, answers)
    now = judged_now(context, model, level, answers, late(opened, run))

    def look(view: View) -> tuple[Version, ...]:
        return tuple(version for _, version in view.scan(VERSIONS, f"{model.name}/"))

    def decide(versions: tuple[Version, ...]) -> tuple[list[Fact], tuple[int, bool]]:
        same = (each for each in reversed(versions) if _built_steps(each) == _steps_of(build, model))
        version = next((each for each in same if _has_requirements_of(context, each, model)), None)
        is_new, facts = version is None, list[Fact]()
        if version is None:
            candidate = _candidate(opened, model, run, build, versions, declared)
            version = carried_on(context, inherit_verdicts(candidate, versions))
            facts.append(register(version, versions))
        version = carried_on(context, version)
        facts += evaluations_of(opened.ledger, opened.keys, model, answers, version, run)
        formerly = declared.of(version)
        fact = record_verdicts(
            version,
            verdicts_of(context, model, level, now, formerly(version), declared.now),
            declared.policy,
            level,
            reference_of(answers, model),
            renamed=formerly.renamed,
            as_policy=formerly.as_policy,
        )
        facts += [] if fact is None else [fact]
        return facts, (version.number, is_new or fact is not None)

    number, is_fresh = settle(opened.ledger, look, decide)
    version = opened.ledger.get(VERSIONS, version_key(model.name, number))
    assert version is not None, "a registered version is in the inventory"
    return reveal_version(opened, version), is_fresh


def _build(opened: OpenProject, model: Model, answers: Answers) -> Build:
    keys = (*built_keys(model.name).values(), score_key(model))
    mine = {key.name: answer for key in keys if (answer := answers.of(key)) is not None}
    parts = {
        name: asset
        for answer in mine.values()
        for name, asset in answer.step.outputs.items()
        if isinstance(asset, Artifact)
    }
    parts |= reference_of(answers, model)
    parts["code"] = code.keep(
        opened.context, opened.root, opened.engine.own_modules(build_nodes(model, opened.root))
    )
    parts["bundle"] = opened.context.put_json(bundle(model, opened.root))
    read = tuple(
        asset
        for key in dict.fromkeys(data_key(table.name) for table in model.features.tables())
        if (answer := answers.of(key)) is not None
        for asset in answer.step.outputs.values()
        if isinstance(asset, Slice)
    )
    return Build(steps={name: answer.recipe for name, answer in mine.items()}, parts=parts, read=read)


def _candidate(
    opened: OpenProject,
    model: Model,
    run: Run,
    build: Build,
    versions: tuple[Version, ...],
    declared: Forms,
) -> Version:
    """The next version of the model, not yet judged."""
    required = tuple(check.name for check in checks(model) if check.required)
    return Version(
        model=model.name,
        number=1 + max((each.number for each in versions), default=0),
        run=run.id,
        at=opened.clock(),
        commit=run.commit,
        dirty=run.dirty,
        steps=build.steps,
        parts=build.parts,
        read=build.read,
        policy=declared.policy,
        needed=model.approvals,
        required_checks=required,
        forms={name: declared.now[name] for name in required},
    )


def _has_requirements_of(context: StepContext, version: Version, model: Model) -> bool:
    """Whether the version requires the approvals and request fields that the model declares now."""
    requires = context.get_json(version.parts["bundle"], Bundle).requires
    return version.needed >= model.approvals and requires == tuple(model.requires)


def _built_steps(version: Version) -> dict[str, str]:
    return {name: version.steps.get(name, "") for name in _names(version.model)}


def _steps_of(build: Build, model: Model) -> dict[str, str]:
    return {name: build.steps[name] for name in _names(model.name)}


def _names(model: str) -> list[str]:
    """What the steps that build a model are called in its versions."""
    return [key.name for key in built_keys(model).values()]
