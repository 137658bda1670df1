"""A run: execute the plan, register the versions it makes, and judge them."""

from __future__ import annotations

from comporta.acts.build.plan import plan
from comporta.acts.build.version import enter_version
from comporta.acts.judge.budget import seconds_at
from comporta.acts.judge.forms import forms
from comporta.acts.judge.verdicts import (
    champion,
    earlier,
    logs,
)
from comporta.checks.shared.measuring.machine import machine
from comporta.engine import Progress
from comporta.errors import BadProject
from comporta.opened.follow import follow
from comporta.opened.people import with_names
from comporta.opened.project import OpenProject
from comporta.project.faults import format_faults, project_faults
from comporta.records import Answers, Level, Record, Run, Slice, Version


class RunReport(Record, frozen=True, kw_only=True):
    """The result of a run. versions: one for each model. fresh: ids of those that are new or have new
    verdicts; the others are unchanged. answers: node → its step."""

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
    """Read the sources, build what changed, judge it. models: names; empty: all. level: of the checks to run.

    Raises StepFailed, ExpectationBroken, SchemaChanged, BadProject; steps that finished stay in the cache.
    """
    if found := project_faults(opened.project, opened.root):
        raise BadProject(format_faults(found))
    wanted = tuple(opened.model(name) for name in models) or opened.project.models
    # Before any step runs: an edit of the gates during training must not change what the candidate must pass.
    declared = {model.name: forms(opened, model) for model in wanted}
    champions = {model.name: champion(opened, model.name) for model in wanted}
    past = {model.name: earlier(opened, model.name) for model in wanted}
    served = logs(opened, wanted, level)
    seconds = seconds_at(level, opened.settings.budget)
    work = plan(
        opened.project,
        opened.root,
        wanted,
        champions,
        past,
        level,
        logs=served,
        seconds=seconds,
        machine=machine().digest,
    )
    done, answers = opened.engine.ask(
        work, command=command, purpose="build", project=opened.project.name, progress=progress
    )
    datasets = follow(opened, answers)
    versions, fresh = [], []
    for model in wanted:
        version, is_new = enter_version(opened, model, done, answers, level, declared[model.name])
        versions.append(version)
        fresh += [version.id] if is_new else []
    return RunReport(
        run=done,
        datasets=datasets,
        versions=with_names(opened, *versions),
        fresh=tuple(fresh),
        answers=answers,
    )
