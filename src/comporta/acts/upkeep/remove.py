"""Deleting one artifact for good, as the law may ask: a fact says so, and every other byte still verifies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import get_args

import msgspec

from comporta.acts.upkeep.storage import needed_digests, require_known_projects
from comporta.errors import BadProject, NotFound, Refused
from comporta.ledger import Ledger
from comporta.opened.artifacts import recorded_artifacts
from comporta.opened.lineage import QUESTIONS
from comporta.opened.permission import permission
from comporta.opened.project import OpenProject
from comporta.opened.removals import REMOVALS
from comporta.records import Artifact, Record, Transaction
from comporta.records.facts import ArtifactRemoved, Removal
from comporta.registry import VERSIONS
from comporta.store import artifact_name

SHORTEST = 8


class RemovedArtifact(Record, frozen=True, kw_only=True):
    """A deleted artifact. fresh: whether this call recorded it; False: it was recorded before."""

    artifact: Artifact
    reason: Removal
    fresh: bool


def remove(opened: OpenProject, digest: str, *, reason: str, by: str = "") -> RemovedArtifact:
    """The artifact deleted: a text, the words of verdicts, a step's log, findings, or what no version needs.

    digest: whole, or its beginning. reason: a code. by: empty: the name you are logged in with. Killed in
    between, the same once more does the rest. Raises NotFound; BadProject on a reason that is no code;
    Refused for what a version of any project in this store is served, judged or built again from.
    """
    if reason not in get_args(Removal):
        raise BadProject(f"--reason: found {reason[:40]!r}, expected one of: {', '.join(get_args(Removal))}.")
    who = permission(opened, "erase.execute", by=by)
    artifact = _find_artifact(opened, digest)
    require_known_projects(opened)
    with _ledgers(opened) as every:
        for ledger in every:
            _require_not_needed(ledger, artifact)
    told = {"digest": artifact.digest, "reason": reason, "by": who.identify()}
    fact = who.sign(msgspec.convert(told, ArtifactRemoved))

    def commit(tx: Transaction) -> bool:
        # Recorded once; bytes that were written again since are deleted again.
        if tx.get(REMOVALS, artifact.digest) is not None:
            return False
        who.admit(tx, fact)
        tx.append(fact)
        return True

    fresh = opened.ledger.transact(commit)
    opened.store.delete(artifact_name(artifact.digest))
    return RemovedArtifact(artifact=artifact, reason=fact.reason, fresh=fresh)


def _find_artifact(opened: OpenProject, digest: str) -> Artifact:
    known = recorded_artifacts(opened.ledger)
    alike = [each for name, each in known.items() if name.startswith(digest)]
    if len(digest) < SHORTEST or not alike:
        raise NotFound(
            f"found no artifact {digest[:64]!r} that a fact names, expected its digest, or the first "
            f"{SHORTEST} digits of it or more. `comporta audit export FILE` writes all that facts say."
        )
    if len(alike) > 1:
        raise NotFound(
            f"found {len(alike)} artifacts that begin with {digest!r}, expected one: say more of it."
        )
    return alike[0]


@contextmanager
def _ledgers(opened: OpenProject) -> Iterator[list[Ledger]]:
    """The ledgers of all projects that share the store, this one's first."""
    others = [each for each in opened.ledger.projects() if each != opened.ledger.project]
    beside: list[Ledger] = []
    try:
        beside += [opened.ledger_of(each) for each in others]
        yield [opened.ledger, *beside]
    finally:
        for each in beside:
            with closing(each):
                pass


def _require_not_needed(ledger: Ledger, artifact: Artifact) -> None:
    """Raises Refused where a version of this project cannot be served, judged or built again without it."""
    may_go = artifact.kind == "text" or artifact.digest not in needed_digests(ledger)
    for _, version in ledger.scan(VERSIONS):
        questions = () if may_go else (ledger.get(QUESTIONS, each) for each in version.steps.values())
        outputs = [
            (name, asset)
            for question in questions
            if question is not None
            for name, asset in question.outputs.items()
            if name != "findings"
        ]
        for name, asset in (*version.parts.items(), *outputs):
            if isinstance(asset, Artifact) and asset.digest == artifact.digest:
                raise Refused(
                    f"artifact {artifact.digest[:12]}: found the {name} of {version.id}, expected a text, "
                    "the words of verdicts, a log or findings: a version stays whole. To erase a person "
                    "from it, erase them from the dataset, run again and release the new version."
                )
