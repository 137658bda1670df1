"""Every fact the ledger can hold. No personal value: ids, counts, keyed digests and coarse times only.

What each field holds and why it tells of nobody stands in docs/reference/ledger.md; a test of a whole turn
looks for planted values in every kind.

A fact's fields never change once released: a new meaning is a new schema version, and readers upcast.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

from comporta.records.access_facts import (
    ActionDenied,
    IssuerTrusted,
    KeyAdded,
    KeyRevoked,
    RoleGranted,
    RoleRevoked,
    TokenEnded,
    TokenMade,
)
from comporta.records.act_fact import ActFact
from comporta.records.asset import Artifact, Asset
from comporta.records.event import Fact, Head
from comporta.records.job_facts import (
    JobCancelled,
    JobEnded,
    JobQueued,
    JobRaised,
    JobRetried,
    JobStarted,
    RunCancelled,
)
from comporta.records.message import NO_TEXT, Text
from comporta.records.plan_facts import (
    PlanCompared,
    PlanCounted,
    PlanEnded,
    PlanExposed,
    PlanStarted,
    PlanSteered,
    PlanStepped,
)
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


class EventRemoved(ActFact, frozen=True, kw_only=True):
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
    """command: as people read it. purpose: in schema 1 told by the command's first word alone. by: the id of
    who began it; empty where an older Comporta wrote it, or nobody is logged in. job: whose attempt it is, or
    empty."""

    kind: ClassVar[str] = "run.started"
    schema: ClassVar[int] = 2
    run: str
    project: str
    command: str
    purpose: RunPurpose = "other"
    commit: str = ""
    dirty: bool = False
    total: int = 0
    by: str = ""
    job: str = ""


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


class DatasetExported(ActFact, frozen=True, kw_only=True):
    """Rows of a version were written to a file outside the store. version, number: which. form: `parquet`,
    `csv`, `delta`. columns: names of those in it; masked: of these, those without values; revealed: those
    with values that are personal. by: a person's id. reason: an artifact of kind `text`, or empty."""

    kind: ClassVar[str] = "dataset.exported"
    dataset: str
    version: str
    number: int
    form: str
    rows: int
    columns: tuple[str, ...]
    masked: tuple[str, ...]
    revealed: tuple[str, ...]
    by: str
    reason: Artifact | str


class DatasetMaintained(ActFact, frozen=True, kw_only=True):
    """Somebody changed how a dataset is kept or read, and none of its rows. act: `accept`: its source may
    have other columns from now on; `compact`: small files became large ones; `retry`: rejected rows are tried
    anew. dataset: empty: every log. by: the id of who did it."""

    kind: ClassVar[str] = "dataset.maintained"
    act: Literal["accept", "compact", "retry"]
    dataset: str
    by: str


class StoreSwept(ActFact, frozen=True, kw_only=True):
    """What nothing reaches was deleted from the store. objects, size: how many, and their bytes. by: the id
    of who did it."""

    kind: ClassVar[str] = "store.swept"
    objects: int
    size: int
    by: str


class BatchPredicted(ActFact, frozen=True, kw_only=True):
    """A version answered rows in one batch, and its answers were written to a file outside the store, or
    added to a dataset. dataset, dataset_number: of which dataset version the rows are; of files empty, and
    0. form: `parquet`, `csv`, `dataset`. columns: of the rows, those that stand beside the answers;
    revealed: of these, those that are personal. by: a person's id. reason: an artifact of kind `text`, or
    empty. releasable: whether the version was released, or could have been. batch: the first half of the
    answers' prediction ids; empty where they have none. output, output_number: the dataset version that they
    are."""

    kind: ClassVar[str] = "batch.predicted"
    schema: ClassVar[int] = 2
    model: str
    number: int
    dataset: str
    dataset_number: int
    form: str
    rows: int
    columns: tuple[str, ...]
    revealed: tuple[str, ...]
    by: str
    reason: Artifact | str
    releasable: bool
    batch: str = ""
    output: str = ""
    output_number: int = 0


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


class VersionRegistered(ActFact, frozen=True, kw_only=True):
    """Schema 2: its verdicts, where it has any, name a check by its id and say why by codes. by: the id of
    who ran what made it, or empty."""

    kind: ClassVar[str] = "version.registered"
    schema: ClassVar[int] = 2
    version: Version
    by: str = ""


class VersionJudged(ActFact, frozen=True, kw_only=True):
    """What its gates say now; again where evidence, gates or level are others than before. parts: what was
    measured for them and is kept with the version from now on.

    Schema 2: a check is named by its id. renamed: what the version held under the names of an older release →
    which check that is now; as_policy: what the policy that it was asked for is then, or empty. by: the id of
    who had it judged, or empty.
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
    by: str = ""


class VersionWaived(ActFact, frozen=True, kw_only=True):
    """Schema 2: `waiver.changed` tells of which of two verdicts it is, not the end of the check's name.
    Schema 3: an id stands for the person's name, and an artifact for the reason's text."""

    kind: ClassVar[str] = "version.waived"
    schema: ClassVar[int] = 3
    model: str
    number: int
    waiver: Waiver


class VersionApproved(ActFact, frozen=True, kw_only=True):
    """Schema 1 held the person's name and the reason's text; from 2 on an id and an artifact stand there."""

    kind: ClassVar[str] = "version.approved"
    schema: ClassVar[int] = 2
    model: str
    number: int
    approval: Approval


class VersionReleased(ActFact, frozen=True, kw_only=True):
    """The champion pointer and the traffic move in one fact; `release.kind` tells a rollback.

    Schema 1 named no roles: the largest share was the champion; nor what was retired: the champion before.
    It held the person's name and the reason's text; from 2 on an id and an artifact stand there.
    """

    kind: ClassVar[str] = "version.released"
    schema: ClassVar[int] = 2
    release: Release


class VersionReproduced(ActFact, frozen=True, kw_only=True):
    """equal: whether every answer was the same, bit for bit. differs: the nodes that were not. by: the id of
    who had it built again; empty where an older Comporta wrote it."""

    kind: ClassVar[str] = "version.reproduced"
    model: str
    number: int
    run: str
    equal: bool
    differs: tuple[str, ...] = ()
    by: str = ""


class VersionFetched(ActFact, frozen=True, kw_only=True):
    """A version's files were written into a folder outside the store. by: a person's id. reason: an
    artifact of kind `text`, or empty. releasable: whether it was released, or could have been."""

    kind: ClassVar[str] = "version.fetched"
    model: str
    number: int
    by: str
    reason: Artifact | str
    releasable: bool


class PersonForgotten(ActFact, frozen=True, kw_only=True):
    """The directory of people no longer says who this was. person: the id. by: of who did it, or empty."""

    kind: ClassVar[str] = "person.forgotten"
    person: str
    by: str = ""


Removal = Literal["erasure", "law", "mistake"]
"""Why an artifact was deleted: a person was erased, a law asks it, or it should not have been written."""


class ArtifactRemoved(ActFact, frozen=True, kw_only=True):
    """An artifact was deleted on purpose; what names it stays. digest: the artifact's. by: the id of who did
    it."""

    kind: ClassVar[str] = "artifact.removed"
    digest: str
    reason: Removal
    by: str


class ReleaseRequested(ActFact, frozen=True, kw_only=True):
    """Somebody asked for a version's release. by, reason: as of an approval."""

    kind: ClassVar[str] = "release.requested"
    model: str
    number: int
    by: str
    reason: Artifact | str


FACTS: tuple[type[Fact], ...] = (
    ProjectKeyed, RunStarted, RunEnded, StepClaimed, StepAnswered, StepsReused, StepFailure,
    DatasetVersioned, TestSetEvaluated, VersionRegistered, VersionJudged, VersionWaived, VersionApproved,
    VersionReleased, VersionReproduced, VersionFetched, ChainContinued, EventRemoved, PersonForgotten,
    ArtifactRemoved, TokenMade, TokenEnded, ReleaseRequested, RoleGranted, RoleRevoked,
    ActionDenied, KeyAdded, KeyRevoked, IssuerTrusted, DatasetExported, DatasetMaintained, StoreSwept,
    BatchPredicted, JobQueued, JobStarted, JobEnded, JobCancelled, JobRetried, JobRaised, RunCancelled,
    PlanStarted, PlanExposed, PlanCounted, PlanCompared, PlanStepped, PlanSteered, PlanEnded,
)  # fmt: skip

ACTS: tuple[type[ActFact], ...] = tuple(each for each in FACTS if issubclass(each, ActFact))
"""Those that somebody's act records, which may be proven."""
