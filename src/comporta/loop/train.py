"""A run: ask the plan, judge what came of it, and enter the candidates in the registry."""

from __future__ import annotations

from collections.abc import Mapping

from comporta.engine import Progress
from comporta.errors import BadProject
from comporta.gates import judge, needs, policy
from comporta.loop import code
from comporta.loop.bundle import bundle
from comporta.loop.evidence import gather
from comporta.loop.follow import follow
from comporta.loop.house import House
from comporta.loop.plan import plan
from comporta.project import Model
from comporta.project.faults import faults, listed
from comporta.records import Answer, Artifact, Record, Run, Slice, Transaction, Version
from comporta.records.facts import TestLooked
from comporta.registry import VERSIONS, judged, register, version_key
from comporta.release import ROUTES


class RunReport(Record, frozen=True, kw_only=True):
    """What came of a run. fresh: ids of the versions that are new; the others were there already."""

    run: Run
    datasets: tuple[Slice, ...]
    versions: tuple[Version, ...]
    fresh: tuple[str, ...]
    answers: dict[str, Answer]


def run(
    house: House, models: tuple[str, ...] = (), *, progress: Progress | None = None, command: str = "run"
) -> RunReport:
    """Ask sources, build what changed, judge it. models: names; empty: all.

    Raises StepFailed, ExpectationBroken, SchemaChanged, BadProject; what was answered stays remembered.
    """
    if found := faults(house.project, house.root):
        raise BadProject(listed(found))
    wanted = tuple(house.model(name) for name in models) or house.project.models
    champions = {model.name: champion(house, model.name) for model in wanted}
    asked = plan(house.project, house.root, wanted, champions)
    done, answers = house.engine.ask(asked, command=command, project=house.project.name, progress=progress)
    datasets = follow(house, answers)
    versions, fresh = [], []
    for model in wanted:
        version, is_new = enter(house, model, done, answers, champions[model.name])
        versions.append(version)
        fresh += [version.id] if is_new else []
    return RunReport(
        run=done, datasets=datasets, versions=tuple(versions), fresh=tuple(fresh), answers=answers
    )


def champion(house: House, model: str) -> Version | None:
    """The version that serves now, or None."""
    route = house.ledger.get(ROUTES, model)
    return None if route is None else house.ledger.get(VERSIONS, version_key(model, route.champion))


def enter(
    house: House, model: Model, done: Run, answers: Mapping[str, Answer], against: Version | None
) -> tuple[Version, bool]:
    """The judged version of these answers, and whether it is new: the same question is the same version."""
    desk = house.desk
    asked = needs(model.gates)
    gates = policy(model.gates)
    evidence = gather(desk, model.name, asked, answers, against)
    verdicts = judge(model.gates, evidence)
    mine = {name: answer for name, answer in answers.items() if _belongs(name, model)}
    steps = {name: answer.recipe for name, answer in mine.items() if not name.startswith("data ")}
    parts = {
        name: asset
        for node, answer in mine.items()
        for name, asset in answer.step.outputs.items()
        if isinstance(asset, Artifact) and " champion of " not in node
    }
    parts["code"] = code.keep(desk, house.root)
    parts["bundle"] = desk.put_json(bundle(model, house.root))
    read = tuple(
        asset
        for answer in mine.values()
        for asset in answer.step.outputs.values()
        if isinstance(asset, Slice)
    )

    def commit(tx: Transaction) -> tuple[Version, bool]:
        versions = tuple(version for _, version in tx.scan(VERSIONS, f"{model.name}/"))
        for earlier in reversed(versions):
            if (earlier.steps, earlier.policy, earlier.needed) == (steps, gates, model.approvals):
                return earlier, False
        version = Version(
            model=model.name,
            number=1 + max((each.number for each in versions), default=0),
            run=done.id,
            at=house.clock(),
            commit=done.commit,
            dirty=done.dirty,
            steps=steps,
            parts=parts,
            read=read,
            policy=gates,
            needed=model.approvals,
        )
        tx.append(register(version, versions))
        if not answers[f"score {model.name}"].reused:
            tx.append(
                TestLooked(
                    model=model.name,
                    part=parts["test"].digest,
                    run=done.id,
                    recipe=steps[f"score {model.name}"],
                )
            )
        tx.append(judged(version, verdicts, gates))
        entered = tx.get(VERSIONS, version_key(model.name, version.number))
        assert entered is not None, "a registered version is in the inventory"
        return entered, True

    return house.ledger.transact(commit)


def _belongs(node: str, model: Model) -> bool:
    """Whether this node is one of the model's: its own, or a table it reads."""
    tables = {model.features.of.name, *(join.dataset.name for join in model.features.joins)}
    kind, _, rest = node.partition(" ")
    return rest in tables if kind == "data" else rest.removeprefix("champion of ") == model.name
