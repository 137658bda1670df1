"""Every fact the ledger can hold. No personal value: ids, counts, keyed digests and coarse times only.

What each field holds and why it tells of nobody stands in docs/reference/ledger.md; a test of a whole turn
looks for planted values in every kind.

A fact's fields never change once released: a new meaning is a new schema version, and readers upcast.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

from comporta.records.asset import Artifact, Asset
from comporta.records.event import Fact, Head
from comporta.records.message import NO_TEXT, Text
from comporta.records.recipe import Cost, Recipe, RunPurpose
from comporta.records.release import Release
from comporta.records.verdict import Level, Verdict
from comporta.records.version import Approval, CheckRenaming, Version, Waiver


class ProjectKeyed(Fact, frozen=True, kw_only=True):
    """The first event: the fingerprint of the key that everything here is written with. public: the Ed25519
    key that its heads are signed with, 64 hex digits; empty where they were not yet."""

    kind: ClassVar[str] = "project.keyed"
    project: str
    fingerprint: str
    public: str = ""


class ChainContinued(Fact, frozen=True, kw_only=True):
    """The first event after a keyed chain: what was its head is what this chain begins with.

    keyed: that head. public: the Ed25519 key that the heads from here on are signed with, 64 hex digits."""

    kind: ClassVar[str] = "chain.continued"
    keyed: Head
    public: str


class EventRemoved(Fact, frozen=True, kw_only=True):
    """An event's body was taken away; its leaf and its place in the chain stay. seq: the event.

    reason: a code such as `erasure`. by: the id of who did it. removed_at (microseconds since 1970, UTC),
    removed_kind, removed_schema: the event's own, which its leaf no longer shows; empty where an older
    Comporta wrote it."""

    kind: ClassVar[str] = "event.removed"
    seq: int
    reason: str
    by: str
    removed_at: int = 0
    removed_kind: str = ""
    removed_schema: int = 0


class RunStarted(Fact, frozen=True, kw_only=True):
    """command: as people read it. purpose: in schema 1 told by the command's first word alone."""

    kind: ClassVar[str] = "run.started"
    schema: ClassVar[int] = 2
    run: str
    project: str
    command: str
    purpose: RunPurpose = "other"
    commit: str = ""
    dirty: bool = False
    total: int = 0


class RunEnded(Fact, frozen=True, kw_only=True):
    """outcome: `done`, `failed` or `stopped`. reason: a code with the names of steps; one line of text in
    schema 1. details: an artifact of kind `text` that tells more."""

    kind: ClassVar[str] = "run.ended"
    schema: ClassVar[int] = 2
    run: str
    outcome: str
    reason: Text = NO_TEXT
    details: Artifact | None = None


class StepClaimed(Fact, frozen=True, kw_only=True):
    """token: rises with each claim of a recipe; an outcome under an older one is refused."""

    kind: ClassVar[str] = "step.claimed"
    run: str
    node: str
    recipe: str
    holder: str
    token: int
    until: datetime


class StepAnswered(Fact, frozen=True, kw_only=True):
    """question: what was asked, whole, so that lineage needs nothing else. source: the project of this ledger
    whose run it was, where the answer was taken over from there; empty where it was asked here.
    cost: what it took where it was asked: a sum of what was spent skips those with a source."""

    kind: ClassVar[str] = "step.answered"
    run: str
    node: str
    recipe: str
    question: Recipe
    outputs: dict[str, Asset]
    cost: Cost
    log: Artifact | None = None
    token: int = 0
    source: str = ""


class StepsReused(Fact, frozen=True, kw_only=True):
    """All hits of one plan. nodes: name → recipe digest."""

    kind: ClassVar[str] = "steps.reused"
    run: str
    nodes: dict[str, str]


class StepFailure(Fact, frozen=True, kw_only=True):
    """why: `raised`, `died`, `time`, `memory`, `stopped`, or `late`: its budget was spent before it began.
    log: holds the details."""

    kind: ClassVar[str] = "step.failed"
    run: str
    node: str
    recipe: str
    why: str
    log: Artifact | None = None
    token: int = 0


class DatasetVersioned(Fact, frozen=True, kw_only=True):
    """entry: the number of the dataset's log entry this follows. change: `append`, `update`, `replace`."""

    kind: ClassVar[str] = "dataset.versioned"
    dataset: str
    version: str
    number: int
    entry: int
    change: str
    rows: int
    added: int
    removed: int


class TestSetEvaluated(Fact, frozen=True, kw_only=True):
    """One evaluation on a sealed test set. recipe: the step that did it.

    split: keyed digest of the dataset's name and the declared split, which no erasure changes; empty in what
    schema 1 held. window: under a split by time, the number of the dataset's version, whose newest rows
    test; else 0. part: digest of the rows as they were.
    """

    kind: ClassVar[str] = "test.looked"
    schema: ClassVar[int] = 2
    model: str
    part: str
    run: str
    recipe: str
    split: str
    window: int


class VersionRegistered(Fact, frozen=True, kw_only=True):
    """Schema 2: its verdicts, where it has any, name a check by its id and say why by codes."""

    kind: ClassVar[str] = "version.registered"
    schema: ClassVar[int] = 2
    version: Version


class VersionJudged(Fact, frozen=True, kw_only=True):
    """What its gates say now; again where evidence, gates or level are others than before. parts: what was
    measured for them and is kept with the version from now on.

    Schema 2: a check is named by its id. renamed: what the version held under the names of an older release →
    which check that is now; as_policy: what the policy that it was asked for is then, or empty.
    """

    kind: ClassVar[str] = "version.judged"
    schema: ClassVar[int] = 2
    model: str
    number: int
    verdicts: tuple[Verdict, ...]
    policy: str
    level: Level = "release"
    parts: dict[str, Artifact] = {}
    renamed: dict[str, CheckRenaming] = {}
    as_policy: str = ""


class VersionWaived(Fact, frozen=True, kw_only=True):
    """Schema 2: `waiver.changed` tells of which of two verdicts it is, not the end of the check's name.
    Schema 3: an id stands for the person's name, and an artifact for the reason's text."""

    kind: ClassVar[str] = "version.waived"
    schema: ClassVar[int] = 3
    model: str
    number: int
    waiver: Waiver


class VersionApproved(Fact, frozen=True, kw_only=True):
    """Schema 1 held the person's name and the reason's text; from 2 on an id and an artifact stand there."""

    kind: ClassVar[str] = "version.approved"
    schema: ClassVar[int] = 2
    model: str
    number: int
    approval: Approval


class VersionReleased(Fact, frozen=True, kw_only=True):
    """The champion pointer and the traffic move in one fact; `release.kind` tells a rollback.

    Schema 1 named no roles: the largest share was the champion; nor what was retired: the champion before.
    It held the person's name and the reason's text; from 2 on an id and an artifact stand there.
    """

    kind: ClassVar[str] = "version.released"
    schema: ClassVar[int] = 2
    release: Release


class VersionReproduced(Fact, frozen=True, kw_only=True):
    """equal: whether every answer was the same, bit for bit. differs: the nodes that were not."""

    kind: ClassVar[str] = "version.reproduced"
    model: str
    number: int
    run: str
    equal: bool
    differs: tuple[str, ...] = ()


class VersionFetched(Fact, frozen=True, kw_only=True):
    """A version's files were written into a folder outside the store. by: a person's id. reason: an
    artifact of kind `text`, or empty. releasable: whether it was released, or could have been."""

    kind: ClassVar[str] = "version.fetched"
    model: str
    number: int
    by: str
    reason: Artifact | str
    releasable: bool


class PersonForgotten(Fact, frozen=True, kw_only=True):
    """The directory of people no longer says who this was. person: the id."""

    kind: ClassVar[str] = "person.forgotten"
    person: str


Removal = Literal["erasure", "law", "mistake"]
"""Why an artifact was deleted: a person was erased, a law asks it, or it should not have been written."""


class ArtifactRemoved(Fact, frozen=True, kw_only=True):
    """An artifact was deleted on purpose; what names it stays. digest: the artifact's. by: the id of who did
    it."""

    kind: ClassVar[str] = "artifact.removed"
    digest: str
    reason: Removal
    by: str


FACTS: tuple[type[Fact], ...] = (
    ProjectKeyed, RunStarted, RunEnded, StepClaimed, StepAnswered, StepsReused, StepFailure,
    DatasetVersioned, TestSetEvaluated, VersionRegistered, VersionJudged, VersionWaived, VersionApproved,
    VersionReleased, VersionReproduced, VersionFetched, ChainContinued, EventRemoved, PersonForgotten,
    ArtifactRemoved,
)  # fmt: skip
