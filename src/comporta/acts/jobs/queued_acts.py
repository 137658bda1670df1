"""Which acts a job can carry out: what each takes, who may ask for it, and what it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from comporta.errors import BadProject, ComportaError
from comporta.opened.permission import Permission, permission
from comporta.opened.project import OpenProject
from comporta.records import Level, Record
from comporta.records.access import Scope
from comporta.records.job import JobPriority, JobValue


class RunArguments(Record, frozen=True, kw_only=True):
    """Of `run`. models: names; empty: all. level: of the checks."""

    models: tuple[str, ...] = ()
    level: Level = "release"


class GateArguments(Record, frozen=True, kw_only=True):
    """Of `gate`. version: `model/number`. level: of the checks."""

    version: str
    level: Level = "release"


class CompactArguments(Record, frozen=True, kw_only=True):
    """Of `compact`. dataset: its name."""

    dataset: str


class ActResult(NamedTuple):
    """result: what it gave. failure: why a part of it is not there, or None."""

    result: dict[str, JobValue]
    failure: ComportaError | None = None


class QueuedAct(NamedTuple):
    """arguments: the record of what it takes. permit: who asks, where they may; raises Forbidden, NotFound.
    perform: carries it out, in the process of an attempt. priority: where none is asked for."""

    arguments: type[Record]
    permit: Callable[[OpenProject, Any], Permission]
    perform: Callable[[OpenProject, Any], ActResult]
    priority: JobPriority


def arguments_of(act: str, arguments: Mapping[str, JobValue]) -> Record:
    """The arguments as the act takes them. Raises BadProject on an act that no job can carry out, and on
    arguments that it does not take."""
    try:
        return msgspec.convert(arguments, queued_act(act).arguments)
    except msgspec.ValidationError as error:
        fields = ", ".join(each.name for each in msgspec.structs.fields(queued_act(act).arguments))
        raise BadProject(f"job {act}: {error}, expected: {fields}.") from error


def queued_act(act: str) -> QueuedAct:
    """The act of this name. Raises BadProject."""
    found = QUEUED_ACTS.get(act)
    if found is None:
        raise BadProject(f"job: found the act {act!r}, expected one of: {', '.join(QUEUED_ACTS)}.")
    return found


def _permit_run(opened: OpenProject, asked: RunArguments) -> Permission:
    models = [opened.model(name) for name in asked.models] or list(opened.project.models)
    who = permission(opened, "train.run", model=models[0].name if models else "", nameless=True)
    for model in models:
        who.also("train.run", Scope(model=model.name))
    return who


def _run(opened: OpenProject, asked: RunArguments) -> ActResult:
    from comporta.acts.build.run import run

    report = run(opened, asked.models, level=asked.level, command=" ".join(("run", *asked.models)))
    versions = tuple(each.id for each in report.versions)
    return ActResult({"run": report.run.id, "versions": versions, "fresh": report.fresh}, report.failure)


def _permit_gate(opened: OpenProject, asked: GateArguments) -> Permission:
    from comporta.acts.release.release import version_of

    return permission(opened, "version.judge", version=version_of(opened, asked.version), nameless=True)


def _gate(opened: OpenProject, asked: GateArguments) -> ActResult:
    from comporta.acts.judge.gate import gate

    done = gate(opened, asked.version, level=asked.level)
    return ActResult({"run": done.run.id, "versions": (done.version.id,), "state": done.version.state})


def _permit_compact(opened: OpenProject, asked: CompactArguments) -> Permission:
    from comporta.acts.data.datasets import require_dataset

    require_dataset(opened, asked.dataset)
    return permission(opened, "data.write", dataset=asked.dataset, nameless=True)


def _compact(opened: OpenProject, asked: CompactArguments) -> ActResult:
    from comporta.acts.data.compact import compact

    done = compact(opened, asked.dataset)
    return ActResult({"files": done.before, "merged": done.after})


QUEUED_ACTS: Mapping[str, QueuedAct] = {
    "run": QueuedAct(RunArguments, _permit_run, _run, "build"),
    "gate": QueuedAct(GateArguments, _permit_gate, _gate, "release"),
    "compact": QueuedAct(CompactArguments, _permit_compact, _compact, "upkeep"),
}
"""Name → the act. A name is stored with each job: released, it stays."""
