"""A run: execute the plan, register the versions it makes, and judge them."""

from __future__ import annotations

from collections.abc import Sequence

from comporta.acts.build.plan import plan
from comporta.acts.build.version import enter_version
from comporta.acts.judge.budget import seconds_at
from comporta.acts.judge.forms import forms, require_policy
from comporta.acts.judge.verdicts import (
    champion,
    earlier,
    logs,
    newest_version,
)
from comporta.checks.shared.measuring.machine import machine
from comporta.engine import Progress
from comporta.errors import BadProject, ComportaError
from comporta.opened.follow import follow
from comporta.opened.people import with_names
from comporta.opened.permission import permission
from comporta.opened.project import OpenProject
from comporta.project import Model
from comporta.project.faults import format_faults, project_faults
from comporta.records import Answers, Level, Plan, Record, Run, Slice, Version
from comporta.records.access import Scope


class RunReport(Record, frozen=True, kw_only=True):
    """The result of a run. versions: one for each model. fresh: ids of those that are new or have new
    verdicts; the others are unchanged. answers: node → its step. unanswered: the nodes that could not be
    answered, as a measuring that failed. failure: where models could not be built beside those that were,
    why."""

    run: Run
    datasets: tuple[Slice, ...]
    versions: tuple[Version, ...]
    fresh: tuple[str, ...]
    answers: Answers
    unanswered: tuple[str, ...] = ()
    failure: ComportaError | None = None


def run(
    opened: OpenProject,
    models: tuple[str, ...] = (),
    *,
    level: Level = "release",
    progress: Progress | None = None,
    command: str = "run",
) -> RunReport:
    """Read the sources, build what changed, judge it. models: names; empty: all. level: of the checks to run.

    A model that could not be built keeps no other from being judged and registered: the report has its error.
    Where none could be, it is raised: StepFailed, ExpectationBroken, SchemaChanged. Raises BadProject. Steps
    that finished stay in the cache.
    """
    if found := project_faults(opened.project, opened.root):
        raise BadProject(format_faults(found))
    wanted = tuple(opened.model(name) for name in models) or opened.project.models
    who = permission(opened, "train.run", model=wanted[0].name if wanted else "", nameless=True)
    # Sources are read by a step in each run: its process loads while the rest is looked at.
    opened.engine.warm()
    # Before any step runs: an edit of the gates during training must not change what the candidate must pass.
    declared = {model.name: forms(opened, model) for model in wanted}
    for model in wanted:
        who.also("train.run", Scope(model=model.name))
        who.also("version.register", Scope(model=model.name))
        before = newest_version(opened, model.name)
        require_policy(who, declared[model.name], before, model.approvals)
    work = _plan(opened, wanted, level)
    done, answers, failure = opened.engine.ask_what_can(
        work,
        command=command,
        purpose="build",
        project=opened.project.name,
        progress=progress,
        by=who.identify(),
    )
    datasets = follow(opened, answers)
    built = built_models(wanted, work, answers)
    if failure is not None and not built:
        raise failure
    versions, fresh = [], []
    for model in built:
        registers = who.also("version.register", Scope(model=model.name))
        version, is_new = enter_version(opened, model, done, answers, level, declared[model.name], registers)
        versions.append(version)
        fresh += [version.id] if is_new else []
    return RunReport(
        run=done,
        datasets=datasets,
        versions=with_names(opened, *versions),
        fresh=tuple(fresh),
        answers=answers,
        unanswered=tuple(node.name for node in work.nodes if node.name not in answers),
        failure=failure,
    )


def _plan(opened: OpenProject, wanted: tuple[Model, ...], level: Level) -> Plan:
    """What is to be done to build these models and to judge them at this level."""
    return plan(
        opened.project,
        opened.root,
        wanted,
        {model.name: champion(opened, model.name) for model in wanted},
        {model.name: earlier(opened, model.name) for model in wanted},
        level,
        logs=logs(opened, wanted, level),
        seconds=seconds_at(level, opened.settings.budget),
        machine=machine().digest,
    )


def built_models(models: Sequence[Model], work: Plan, answers: Answers) -> tuple[Model, ...]:
    """Those of which everything is there that a version is made of; what only measures may be missing."""
    lacking = {
        node.key.model
        for node in work.nodes
        if node.key is not None and not node.allow_failure and node.name not in answers
    }
    return tuple(model for model in models if model.name not in lacking)
