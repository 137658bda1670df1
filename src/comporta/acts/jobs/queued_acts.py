"""Which acts a job can carry out: what each takes, who may ask for it, and what it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, NamedTuple

import msgspec

from comporta.errors import BadProject, ComportaError, Tampered
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


class ReproduceArguments(Record, frozen=True, kw_only=True):
    """Of `reproduce`. version: `model/number`."""

    version: str


class PredictArguments(Record, frozen=True, kw_only=True):
    """Of `predict`. version: `model/number`. input: a dataset, or a version of one such as `customers@3`.
    output: the dataset that the answers are added to. keep: columns of the rows beside them. chunk: rows in
    memory at a time. No files: a path would be one of the machine of whichever worker carries it out."""

    version: str
    input: str
    output: str
    keep: tuple[str, ...] = ()
    chunk: Annotated[int, msgspec.Meta(ge=1, le=10_000_000)] = 100_000


class VerifyArguments(Record, frozen=True, kw_only=True):
    """Of `verify`. head: that an earlier audit printed, `SEQ:HASH`, or empty."""

    head: str = ""


class GcArguments(Record, frozen=True, kw_only=True):
    """Of `gc`. dry: nothing is deleted, it is only counted."""

    dry: bool = False


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
    from comporta.acts.rollout.passed import begin_passed

    report = run(opened, asked.models, level=asked.level, command=" ".join(("run", *asked.models)))
    begin_passed(opened, report.versions)
    versions = tuple(each.id for each in report.versions)
    return ActResult({"run": report.run.id, "versions": versions, "fresh": report.fresh}, report.failure)


def _permit_gate(opened: OpenProject, asked: GateArguments) -> Permission:
    from comporta.acts.release.release import version_of

    return permission(opened, "version.judge", version=version_of(opened, asked.version), nameless=True)


def _gate(opened: OpenProject, asked: GateArguments) -> ActResult:
    from comporta.acts.judge.gate import gate
    from comporta.acts.rollout.passed import begin_passed

    done = gate(opened, asked.version, level=asked.level)
    begin_passed(opened, (done.version,))
    return ActResult({"run": done.run.id, "versions": (done.version.id,), "state": done.version.state})


def _permit_compact(opened: OpenProject, asked: CompactArguments) -> Permission:
    from comporta.acts.data.datasets import require_dataset

    require_dataset(opened, asked.dataset)
    return permission(opened, "data.write", dataset=asked.dataset, nameless=True)


def _compact(opened: OpenProject, asked: CompactArguments) -> ActResult:
    from comporta.acts.data.compact import compact

    done = compact(opened, asked.dataset)
    return ActResult({"files": done.before, "merged": done.after})


def _permit_reproduce(opened: OpenProject, asked: ReproduceArguments) -> Permission:
    from comporta.acts.release.release import version_of

    model = version_of(opened, asked.version).model
    return permission(opened, "train.run", model=model, nameless=True)


def _reproduce(opened: OpenProject, asked: ReproduceArguments) -> ActResult:
    from comporta.acts.reproduce.reproduce import reproduce

    done = reproduce(opened, asked.version)
    differs = tuple(each.node for each in done.steps if not each.equal)
    return ActResult({"version": done.version, "equal": done.equal, "differs": differs})


def _permit_predict(opened: OpenProject, asked: PredictArguments) -> Permission:
    from comporta.acts.predict.output import require_output
    from comporta.acts.predict.predict import is_dataset_name
    from comporta.acts.predict.rows import require_readable
    from comporta.acts.release.release import version_of
    from comporta.data.names import checked_name, dataset_and_number

    dataset, _ = dataset_and_number(asked.input)
    for name in (dataset, asked.output):
        if not is_dataset_name(checked_name(name)):
            raise BadProject(
                f"job predict: found {name!r}, expected a dataset: a job reads and writes no file."
            )
    who = permission(opened, "model.predict", version=version_of(opened, asked.version), nameless=True)
    who.also("data.read", Scope(dataset=dataset))
    who.also("data.write", Scope(dataset=asked.output))
    require_readable(opened, dataset)
    require_output(opened, asked.output, dataset)
    return who


def _predict(opened: OpenProject, asked: PredictArguments) -> ActResult:
    from comporta.acts.predict.predict import predict_batch

    done = predict_batch(opened, asked.version, asked.input, asked.output, keep=asked.keep, chunk=asked.chunk)
    return ActResult({"version": done.version, "rows": done.rows, "dataset": done.dataset})


def _permit_verify(opened: OpenProject, asked: VerifyArguments) -> Permission:
    from comporta.acts.upkeep.whole_audit import head_of

    if asked.head:
        head_of(asked.head)
    return permission(opened, "audit.read", nameless=True)


def _verify(opened: OpenProject, asked: VerifyArguments) -> ActResult:
    from comporta.acts.upkeep.whole_audit import faults_of, head_of, verify_whole

    found = verify_whole(opened, head_of(asked.head) if asked.head else None)
    head = found.ledger.head
    result: dict[str, JobValue] = {"sound": found.sound, "head": f"{head.seq}:{head.hash}"}
    if found.sound:
        return ActResult(result)
    # What an attempt prints is kept where it did not end well: each fault is a line of it.
    print("\n".join(faults_of(found)))
    return ActResult(result, Tampered("what is stored is not what was written; the faults stand above."))


def _permit_gc(opened: OpenProject, asked: GcArguments) -> Permission:
    return permission(opened, "store.sweep", nameless=True)


def _gc(opened: OpenProject, asked: GcArguments) -> ActResult:
    from comporta.acts.upkeep.environments import sweep_environments
    from comporta.acts.upkeep.storage import sweep

    done, environments = sweep(opened, dry=asked.dry), sweep_environments(opened, dry=asked.dry)
    return ActResult({"objects": len(done.freed), "size": done.size, "environments": len(environments.freed)})


QUEUED_ACTS: Mapping[str, QueuedAct] = {
    "run": QueuedAct(RunArguments, _permit_run, _run, "build"),
    "gate": QueuedAct(GateArguments, _permit_gate, _gate, "release"),
    "compact": QueuedAct(CompactArguments, _permit_compact, _compact, "upkeep"),
    "reproduce": QueuedAct(ReproduceArguments, _permit_reproduce, _reproduce, "build"),
    "predict": QueuedAct(PredictArguments, _permit_predict, _predict, "build"),
    "verify": QueuedAct(VerifyArguments, _permit_verify, _verify, "upkeep"),
    "gc": QueuedAct(GcArguments, _permit_gc, _gc, "upkeep"),
}
"""Name → the act. A name is stored with each job: released, it stays."""
