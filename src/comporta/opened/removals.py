"""Which artifacts were deleted on purpose, as facts say; one that is gone with no such fact is missing."""

from __future__ import annotations

from typing import Protocol

from comporta.errors import NotFound
from comporta.records import Artifact, Changes, Event, Lookup, Projection
from comporta.records.facts import ArtifactRemoved
from comporta.store import StepContext

DELETED = "(text deleted)"
MISSING = "(text missing: its artifact is not in the store)"


def _removed(fact: ArtifactRemoved, event: Event, old: Lookup[ArtifactRemoved]) -> Changes[ArtifactRemoved]:
    if old(fact.digest) is None:
        yield fact.digest, fact


REMOVALS = Projection("removal", ArtifactRemoved, {ArtifactRemoved: _removed})
"""Artifact's digest → who deleted it first, and by what reason's code."""


class RemovalView(Protocol):
    """What is asked of a ledger here."""

    def get(self, reading: Projection[ArtifactRemoved], key: str, /) -> ArtifactRemoved | None: ...

    def others(
        self, reading: Projection[ArtifactRemoved], key: str, /
    ) -> list[tuple[str, ArtifactRemoved]]: ...


def is_removed(ledger: RemovalView, digest: str) -> bool:
    """Whether a fact of this project, or of another in the same ledger, says that it was deleted: all of them
    have one store."""
    return ledger.get(REMOVALS, digest) is not None or bool(ledger.others(REMOVALS, digest))


def text_of(context: StepContext, ledger: RemovalView, artifact: Artifact) -> str:
    """The artifact's text, or in its place that it was deleted, or that it is missing. Raises Tampered."""
    try:
        return context.get(artifact).decode(errors="replace")
    except NotFound:
        return DELETED if is_removed(ledger, artifact.digest) else MISSING
