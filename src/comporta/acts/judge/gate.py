"""Judge a version that is there: more deeply, or by other gates."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from comporta.acts.judge.as_built import as_built
from comporta.acts.judge.budget import seconds_at
from comporta.acts.judge.forms import forms, require_policy
from comporta.acts.judge.nodes import evidence_nodes
from comporta.acts.judge.pool import Thing
from comporta.acts.judge.verdicts import champion as serving
from comporta.acts.judge.verdicts import (
    earlier,
    evaluations_of,
    judged_now,
    late,
    logs,
    reference_of,
    verdicts_of,
)
from comporta.acts.release.release import version_of
from comporta.acts.serve.sealed_logs import SealedLogs
from comporta.checks.shared.measuring.machine import machine
from comporta.engine import Progress
from comporta.errors import BadProject, ComportaError, NotFound
from comporta.opened.conceal import carried_on
from comporta.opened.environment_command import (
    STEP_FAULTS,
    changed_libraries,
    in_its_environment,
    is_built,
    run_in_environment,
)
from comporta.opened.optimistic import settle
from comporta.opened.people import with_names
from comporta.opened.permission import permission
from comporta.opened.project import OpenProject
from comporta.project import Model
from comporta.project.faults import format_faults, project_faults
from comporta.records import Fact, Level, Node, Plan, Record, Run, Version
from comporta.registry import VERSIONS, current_version, record_verdicts, version_key
from comporta.release import ROUTES

PARTS = ("train", "test", "model", "signature", "parity", "trial", "onnx", "predictions")


class GateResult(Record, frozen=True, kw_only=True):
    """A version with its verdicts as they are now. fresh: whether any is another than before."""

    version: Version
    run: Run
    fresh: bool


def gate(
    opened: OpenProject, name: str, *, level: Level = "release", progress: Progress | None = None
) -> GateResult:
    """The version judged at this level by the project's gates as they are now. What was measured before is
    remembered. progress: called as `Engine.ask` says. Where a measurement fails and the libraries are others
    than when it was made, it is judged in its own environment, if that is built.

    Raises NotFound: no such version; BadProject: the project has faults; Refused: it must have its
    environment first; what `Engine.ask` raises."""
    if found := project_faults(opened.project, opened.root):
        raise BadProject(format_faults(found))
    version = version_of(opened, name)
    who = permission(opened, "version.judge", version=version, nameless=True)
    model = opened.model(version.model)
    declared = forms(opened, model)
    require_policy(who, declared, version)
    try:
        run, answers = opened.engine.ask(
            Plan(nodes=_nodes(opened, model, version, level)),
            command=f"gate {version.id}",
            purpose="judge",
            project=opened.project.name,
            progress=progress,
            by=who.identify(),
        )
    except STEP_FAULTS as error:
        return _gate_apart(opened, version, level, error)

    said = judged_now(opened.context, model, level, answers, late(opened, run))

    def decide(seen: Version) -> tuple[tuple[Fact, ...], bool]:
        now = carried_on(opened.context, seen)
        formerly = declared.of(now)
        verdicts = verdicts_of(opened.context, model, level, said, formerly(now), declared.now)
        fact = record_verdicts(
            now,
            verdicts,
            declared.policy,
            level,
            reference_of(answers, model),
            renamed=formerly.renamed,
            as_policy=formerly.as_policy,
        )
        looks = evaluations_of(opened.ledger, opened.keys, model, answers, now, run)
        judged = () if fact is None else (who.sign(replace(fact, by=who.actor.id)),)
        return (*looks, *judged), fact is not None

    fresh = settle(opened.ledger, lambda view: current_version(view, version), decide, who.admit)
    return GateResult(version=with_names(opened, version_of(opened, version.id))[0], run=run, fresh=fresh)


def _nodes(opened: OpenProject, model: Model, version: Version, level: Level) -> tuple[Node, ...]:
    """What measures the version for these gates at this level."""
    nodes = evidence_nodes(
        model,
        opened.root,
        {part: version.parts[part] for part in PARTS if part in version.parts}
        | as_built(opened, model, version),
        against(opened, version),
        earlier(opened, model.name, before=version.number),
        level,
        _production_logs(opened, model, level),
        {each.dataset: each for each in version.read},
        seconds_at(level, opened.settings.budget),
        machine=machine().digest,
    )
    return tuple(nodes)


def _gate_apart(opened: OpenProject, version: Version, level: Level, error: ComportaError) -> GateResult:
    """The same in the version's own environment. Raises the error where no library is another than then;
    Refused where that environment is not built, or gives no answer."""
    changes = changed_libraries(opened, version)
    if not changes:
        raise error
    if not is_built(opened, version):
        raise in_its_environment(version, changes, error) from error
    told = run_in_environment(opened, version, ("gate", version.id, "--level", level))
    judged = with_names(opened, version_of(opened, version.id))[0]
    return GateResult(version=judged, run=msgspec.convert(told["run"], Run), fresh=told["fresh"])


def _production_logs(
    opened: OpenProject, model: Model, level: Level
) -> tuple[SealedLogs, dict[str, Thing]] | None:
    """The logs of production, and the newest of the tables that its requests are joined with."""
    found = logs(opened, (model,), level)
    if found is None or not found.requests.get(model.name):
        return None
    from comporta.data import slice_of

    joined = {join.dataset.name for join in model.features.joins}
    return found, {name: slice_of(opened.store, opened.keys, name) for name in joined}


def against(opened: OpenProject, version: Version) -> Version | None:
    """What it is compared with: the champion, or where that is itself, the one that it replaced."""
    now = serving(opened, version.model)
    if now is None or now.number != version.number:
        return now
    route = opened.ledger.get(ROUTES, version.model)
    previous = route.history[-1].previous if route is not None else None
    if previous is None or previous == version.number:
        return None
    found = opened.ledger.get(VERSIONS, version_key(version.model, previous))
    if found is None:
        raise NotFound(f"found no version {version.model}/{previous}, which {version.id} replaced.")
    return found
