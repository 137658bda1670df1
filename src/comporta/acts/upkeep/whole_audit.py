"""All that `comporta audit verify` verifies, at once: the record of events, the directory of people, the
store's projects, and every stored byte."""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from comporta.acts.upkeep.audit import (
    DataAudit,
    verify,
    verify_artifacts,
    verify_data,
    verify_people,
    verify_store,
)
from comporta.errors import BadProject
from comporta.ledger import Audit
from comporta.opened.artifacts import ArtifactAudit
from comporta.opened.project import OpenProject
from comporta.opened.sentences import sentence
from comporta.records import Head, Message, Record


class WholeAudit(Record, frozen=True, kw_only=True):
    """ledger: of the events and projections. artifacts, data: of the bytes; None: they were left out. people,
    store: faults, one sentence each."""

    ledger: Audit
    artifacts: ArtifactAudit | None
    data: DataAudit | None
    people: tuple[str, ...]
    store: tuple[str, ...]

    @property
    def sound(self) -> bool:
        """Whether all is what was written."""
        bytes_faults = [each.faults for each in (self.artifacts, self.data) if each is not None]
        return self.ledger.sound and not any((*bytes_faults, self.people, self.store))

    def as_one(self) -> dict[str, object]:
        """The fields of the ledger's audit, and beside them the others."""
        beside = {"artifacts": self.artifacts, "data": self.data, "people": self.people, "store": self.store}
        return {**msgspec.structs.asdict(self.ledger), **beside}


def verify_whole(
    opened: OpenProject,
    head: Head | None = None,
    *,
    ledger_only: bool = False,
    on_progress: Callable[[str, int, int], None] | None = None,
) -> WholeAudit:
    """head: that an earlier audit printed. ledger_only: without the bytes of artifacts and datasets.
    on_progress: as in `verify_data`. Raises Forbidden, WrongKey."""
    ledger = verify(opened, head)
    return WholeAudit(
        ledger=ledger,
        artifacts=None if ledger_only else verify_artifacts(opened, on_progress),
        data=None if ledger_only else verify_data(opened, on_progress),
        people=verify_people(opened),
        store=verify_store(opened),
    )


def head_of(text: str) -> Head:
    """The head as an audit prints it, `SEQ:HASH`. Raises BadProject."""
    seq, _, digest = text.partition(":")
    if not re.fullmatch("[0-9]{1,19}", seq) or not digest:
        raise BadProject(f"--head: found {text!r}, expected SEQ:HASH as `comporta audit verify` prints it.")
    return Head(seq=int(seq), hash=digest)


def faults_of(found: WholeAudit) -> tuple[str, ...]:
    """Every fault, one sentence each; of the record of events the first ones."""
    beside = (each.faults for each in (found.artifacts, found.data) if each is not None)
    return (
        *(sentence(each.message) for each in found.ledger.faults),
        *(sentence(each) if isinstance(each, Message) else each for faults in beside for each in faults),
        *found.people,
        *found.store,
    )
