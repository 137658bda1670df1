"""The version that a run's answers make: registered if it is new, and judged."""

from __future__ import annotations

from msgspec.structs import replace

from comporta.acts.build.plan import build_nodes
from comporta.acts.judge.checks import checks
from comporta.acts.judge.forms import Forms
from comporta.acts.judge.nodes import data_key
from comporta.acts.judge.pool import score_key
from comporta.acts.judge.verdicts import evaluations_of, judged_now, late, reference_of, verdicts_of
from comporta.engine import RUNS
from comporta.opened import source as code
from comporta.opened.built import built_keys
from comporta.opened.bundle import bundle
from comporta.opened.conceal import carried_on, reveal_version
from comporta.opened.lineage import versions_holding, versions_made_by
from comporta.opened.optimistic import settle
from comporta.opened.permission import Permission
from comporta.opened.project import OpenProject
from comporta.project import Model
from comporta.records import Answers, Artifact, Fact, Level, Record, Run, Slice, Version, View
from comporta.records.features import Bundle
from comporta.registry import (
    VERSIONS,
    inherit_verdicts,
    newest_versions,
    record_verdicts,
    register,
    version_key,
)
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
    who: Permission,
) -> tuple[Version, bool]:
    """The judged version of these answers, and whether anything of it is new: what was built by the same
    recipes is the same version, whatever its gates ask by now. declared: the forms of its checks. who:
    asks for it."""
    context = opened.context
    build = _build(opened, model, answers)
    by = who.actor.id
    trainers = _trainers(opened, model, answers, by)
    now = judged_now(context, model, level, answers, late(opened, run))

    def look(view: View) -> tuple[Version, ...]:
        return _versions_at_stake(view, model, build)

    def decide(versions: tuple[Version, ...]) -> tuple[list[Fact], tuple[int, bool]]:
        same = (each for each in reversed(versions) if _built_steps(each) == _steps_of(build, model))
        version = next((each for each in same if _has_requirements_of(context, each, model)), None)
        is_new, facts = version is None, list[Fact]()
        if version is None:
            candidate = replace(
                _candidate(opened, model, run, build, versions, declared), trained_by=trainers
            )
            version = carried_on(context, inherit_verdicts(candidate, versions))
            facts.append(who.sign(replace(register(version, versions), by=by)))
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
        facts += [] if fact is None else [who.sign(replace(fact, by=by))]
        return facts, (version.number, is_new or fact is not None)

    number, is_fresh = settle(opened.ledger, look, decide, who.admit)
    version = opened.ledger.get(VERSIONS, version_key(model.name, number))
    assert version is not None, "a registered version is in the inventory"
    return reveal_version(opened, version), is_fresh


def _trainers(opened: OpenProject, model: Model, answers: Answers, by: str) -> tuple[str, ...]:
    """The ids of who ran the fit, now or in the run that answered it, and of who registers the version."""
    fit = answers.of(built_keys(model.name)["fit"])
    run = None if fit is None else opened.ledger.get(RUNS, fit.step.run)
    return tuple(sorted({by, "" if run is None else run.by} - {""}))


def _versions_at_stake(view: View, model: Model, build: Build) -> tuple[Version, ...]:
    """The versions that this build is decided by, oldest first: the newest, those that were built by the same
    steps, and those whose model is the same, byte for byte."""
    predict = built_keys(model.name)["predict"].name
    alike = versions_made_by(view, build.steps[predict], predict)
    alike += versions_holding(view, build.parts["model"], "model")
    keys = {key for key in alike if key.startswith(f"{model.name}/")}
    keys |= {version_key(each.model, each.number) for each in newest_versions(view, model.name, limit=1)}
    found = (view.get(VERSIONS, key) for key in sorted(keys))
    return tuple(each for each in found if each is not None)


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
    """The next version of the model, not yet judged, with the lock of what is installed."""
    lock = opened.context.put_json(opened.engine.lock(build_nodes(model, opened.root)))
    required = tuple(check.name for check in checks(model) if check.required)
    return Version(
        model=model.name,
        number=1 + max((each.number for each in versions), default=0),
        run=run.id,
        at=opened.clock(),
        commit=run.commit,
        dirty=run.dirty,
        steps=build.steps,
        parts={**build.parts, "lock": lock},
        read=build.read,
        policy=declared.policy,
        needed=model.approvals,
        required_checks=required,
        forms={name: declared.now[name] for name in required},
    )


def _has_requirements_of(context: StepContext, version: Version, model: Model) -> bool:
    """Whether the version requires the approvals and request fields, and tells and logs of its answers, what
    the model declares now."""
    way = context.get_json(version.parts["bundle"], Bundle)
    declared = (tuple(model.requires), model.decimals, model.log_sample, tuple(model.log_without))
    stored = (way.requires, way.decimals, way.log_sample, way.log_without)
    return version.needed >= model.approvals and stored == declared


def _built_steps(version: Version) -> dict[str, str]:
    return {name: version.steps.get(name, "") for name in _names(version.model)}


def _steps_of(build: Build, model: Model) -> dict[str, str]:
    return {name: build.steps[name] for name in _names(model.name)}


def _names(model: str) -> list[str]:
    """What the steps that build a model are called in its versions."""
    return [key.name for key in built_keys(model).values()]
