"""How much the store holds, and deleting what no version, run or dataset reaches (garbage collection)."""

from __future__ import annotations

from contextlib import closing

import msgspec

from comporta.access import PERSON_KEYS
from comporta.acts.upkeep.store_match import require_same_project
from comporta.engine import RUNS, STEPS
from comporta.errors import Refused
from comporta.ledger import Ledger
from comporta.opened.artifacts import artifacts_in
from comporta.opened.copies import COPIES
from comporta.opened.lineage import QUESTIONS
from comporta.opened.people_seal import PREFIX
from comporta.opened.permission import permission, require_permission
from comporta.opened.project import OpenProject
from comporta.records import Artifact
from comporta.records.facts import StoreSwept
from comporta.registry import VERSIONS
from comporta.release import ROUTES
from comporta.store import PrefixUsage, SweepReport, artifact_name, projects_in
from comporta.store import sweep as swept
from comporta.store import usage as used
from comporta.store.space import ARTIFACTS

RECENT = 50


def usage(opened: OpenProject) -> tuple[PrefixUsage, ...]:
    """Objects and bytes, by artifact, by dataset and of the directory of people."""
    require_permission(opened, "audit.read")
    return (
        used(opened.store, depth=1, prefix="artifacts/")
        + used(opened.store, depth=2, prefix="data/")
        + used(opened.store, depth=1, prefix=PREFIX)
    )


def sweep(opened: OpenProject, *, dry: bool = False) -> SweepReport:
    """Frees what nothing reaches. Kept: all versions with their steps, the answers of the newest runs,
    every fragment that a dataset version reads; and whatever is less than a day old. Raises Refused where the
    store is not this ledger's."""
    who = permission(opened, "store.sweep", nameless=True)
    # Here, as below, for it brings polars along: `usage` does without.
    from comporta.data import list_datasets
    from comporta.opened.table_files import sweep_tables

    names = reachable(opened)
    require_same_project(opened, {name for name in names if name.startswith(ARTIFACTS)})
    prefixes = ["artifacts/", *(f"data/{name}/objects/" for name in list_datasets(opened.store))]
    done = swept(opened.store, names, now=opened.clock(), prefixes=prefixes, dry=dry)
    if not dry:
        sweep_tables(opened.below / "tables")
    if done.freed and not dry:
        # Afterwards: on a disk that is full nothing could be written before.
        who.append(StoreSwept(objects=len(done.freed), size=done.size, by=who.identify()))
    return done


def reachable(opened: OpenProject) -> frozenset[str]:
    """The names of all objects that must stay: what this project reaches, and artifacts that another one of
    the same ledger reaches. Raises Refused where the store holds a project that this ledger does not know."""
    from comporta.data import reachable_objects as rows_reach

    require_known_projects(opened)
    found = needed_digests(opened.ledger)
    for project in opened.ledger.projects():
        if project != opened.ledger.project:
            with closing(opened.ledger_of(project)) as ledger:
                found |= needed_digests(ledger)
    return frozenset({artifact_name(digest) for digest in found} | rows_reach(opened.store, opened.keys))


def require_known_projects(opened: OpenProject) -> None:
    """Raises Refused where the store holds a project that this ledger does not know."""
    strange = sorted(projects_in(opened.store) - {*opened.ledger.projects(), opened.ledger.project})
    if strange:
        raise Refused(
            f"store {opened.store.url}: it holds the project {strange[0]!r}, which this ledger does not "
            "know, so nobody can tell which artifacts that one needs. Give both one ledger, or each its own "
            "store."
        )


def needed_artifacts(ledger: Ledger) -> frozenset[str]:
    """The names of the artifacts that one project needs."""
    return frozenset(map(artifact_name, needed_digests(ledger)))


def needed_digests(ledger: Ledger) -> set[str]:
    """The digests of the artifacts that one project needs."""
    found: set[str] = set()
    recipes: set[str] = set()
    for _, version in ledger.scan(VERSIONS):
        found |= {each.digest for each in artifacts_in(msgspec.to_builtins(version))}
        recipes |= set(version.steps.values())
    for _, route in ledger.scan(ROUTES):
        found |= {each.digest for each in artifacts_in(msgspec.to_builtins(route))}
    for _, copy in ledger.scan(COPIES):
        found |= {copy.reason.digest} if isinstance(copy.reason, Artifact) else set()
    for _, run in ledger.scan(RUNS, newest=True, limit=RECENT):
        recipes |= set(run.nodes.values())
        found |= {run.details.digest} if run.details is not None else set()
    for _, key in ledger.scan(PERSON_KEYS):
        found |= {key.rule.digest} if key.rule is not None and not key.until else set()
    for recipe in recipes:
        step, question = ledger.get(STEPS, recipe), ledger.get(QUESTIONS, recipe)
        outputs = [*(step.outputs.values() if step else ()), *(question.outputs.values() if question else ())]
        found |= {asset.digest for asset in outputs if isinstance(asset, Artifact)}
        if step is not None and step.log is not None:
            found.add(step.log.digest)
    return found
