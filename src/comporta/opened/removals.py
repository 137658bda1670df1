"""Which artifacts were deleted on purpose, by their facts; one gone without such a fact is missing."""

from __future__ import annotations

from typing import Protocol

from comporta.errors import NotFound
from comporta.records import Artifact, Changes, Event, Lookup, Projection
from comporta.records.facts import ArtifactRemoved
from comporta.store import StepContext

DELETED = "(text deleted)"
MISSING = "(text missing: its artifact is not in the store)"


def _removal(fact: ArtifactRemoved, event: Event, old: Lookup[ArtifactRemoved]) -> Changes[ArtifactRemoved]:
    if old(fact.digest) is None:
        yield fact.digest, fact


REMOVALS = Projection("removal", ArtifactRemoved, {ArtifactRemoved: _removal})
"""Artifact's digest → who deleted it first, and the code of the reason."""


class RemovalView(Protocol):
    """The part of a ledger that is needed here."""

    def get(self, projection: Projection[ArtifactRemoved], key: str, /) -> ArtifactRemoved | None: ...

    def others(
        self, projection: Projection[ArtifactRemoved], key: str, /
    ) -> list[tuple[str, ArtifactRemoved]]: ...


def is_removed(ledger: RemovalView, digest: str) -> bool:
    """Whether it was deleted on purpose, by this project or another one of the same ledger and store."""
    return ledger.get(REMOVALS, digest) is not None or bool(ledger.others(REMOVALS, digest))


def text_of(context: StepContext, ledger: RemovalView, artifact: Artifact) -> str:
    """The artifact's text, or a note that it was deleted or is missing. Raises Tampered."""
    try:
        return context.get(artifact).decode(errors="replace")
    except NotFound:
        return DELETED if is_removed(ledger, artifact.digest) else MISSING
