"""The artifacts that facts and versions name, and verification of their bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from comporta.errors import NotFound
from comporta.ledger import Ledger
from comporta.opened.codes import ARTIFACT_BACK, ARTIFACT_CHANGED, ARTIFACT_MISSING
from comporta.opened.project import OpenProject
from comporta.opened.removals import REMOVALS, is_removed
from comporta.records import Artifact, Message, Record
from comporta.store import artifact_name
from comporta.store.whole import digest_of

OnProgress = Callable[[str, int, int], None]
"""Called with what is being read, the bytes read so far, and the total."""


class ArtifactAudit(Record, frozen=True, kw_only=True):
    """The result of `verify_artifacts`. objects, size: how many it read, and their bytes.

    freed: named by facts, needed by nothing and deleted by `comporta store gc`. removed: deleted on purpose,
    with a fact. faults: those missing, corrupt, or there again after they were deleted."""

    objects: int
    size: int
    freed: int
    removed: int = 0
    faults: tuple[Message, ...]


def artifacts_in(value: Any) -> Iterator[Artifact]:
    """Every artifact in plain values, however deep."""
    if isinstance(value, dict):
        if value.get("type") == "artifact":
            yield msgspec.convert(value, Artifact)
        else:
            yield from (each for inner in value.values() for each in artifacts_in(inner))
    elif isinstance(value, list | tuple):
        yield from (each for inner in value for each in artifacts_in(inner))


def recorded_artifacts(ledger: Ledger) -> dict[str, Artifact]:
    """Digest → artifact, of all that some fact names. Bodies that are no JSON are the chain's own fault."""
    found: dict[str, Artifact] = {}
    with ledger.snapshot() as snapshot:
        for row in snapshot.rows():
            body = row.body
            if not isinstance(body, bytes) or b'"artifact"' not in body:
                continue
            try:
                found.update((each.digest, each) for each in artifacts_in(msgspec.json.decode(body)))
            except msgspec.MsgspecError:
                continue
    return found


def verify_artifacts(
    opened: OpenProject, needed: Iterable[str], on_progress: OnProgress | None = None
) -> ArtifactAudit:
    """Compares every byte of the artifacts that the project's facts name with their digests.

    needed: names in the store of those that must exist.
    """
    must = frozenset(needed)
    sizes = {each.name: each.size for each in opened.store.list("artifacts/")}
    named = {artifact_name(digest): each for digest, each in recorded_artifacts(opened.ledger).items()}
    gone = {digest for digest, _ in opened.ledger.scan(REMOVALS)}
    total = sum(sizes.get(name, 0) for name in named)
    faults: list[Message] = []
    objects = read = freed = removed = 0
    for name, artifact in sorted(named.items()):
        if name not in sizes:
            if is_removed(opened.ledger, artifact.digest):
                removed += 1
                continue
            freed += name not in must
            if name in must:
                faults.append(ARTIFACT_MISSING(name=name, kind=artifact.kind))
            continue
        if artifact.digest in gone:
            faults.append(ARTIFACT_BACK(name=name, kind=artifact.kind, digest=artifact.digest))
        objects, read = objects + 1, read + sizes[name]
        if not is_whole(opened, artifact):
            faults.append(ARTIFACT_CHANGED(name=name, kind=artifact.kind))
        if on_progress is not None:
            on_progress("artifacts", read, total)
    return ArtifactAudit(objects=objects, size=total, freed=freed, removed=removed, faults=tuple(faults))


def is_whole(opened: OpenProject, artifact: Artifact) -> bool:
    """Whether it is in the store and its bytes are what its digest says."""
    try:
        return digest_of(opened.store, opened.keys, artifact_name(artifact.digest)) == artifact.digest
    except NotFound:
        return False
