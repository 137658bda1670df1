"""A model version and the states it can be in."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import UNSET, UnsetType, field

from comporta.records.asset import Artifact, Slice, text_or_digest
from comporta.records.column_type import TypeKind, type_kind
from comporta.records.identity import person_key
from comporta.records.message import Code, code
from comporta.records.record import Record
from comporta.records.verdict import Level, Verdict

State = Literal["candidate", "passed", "refused", "approved", "released", "retired"]

CANDIDATE = code("state.candidate", "candidate")
PASSED = code("state.passed", "passed")
REFUSED = code("state.refused", "refused")
APPROVED = code("state.approved", "approved")
RELEASED = code("state.released", "released")
RETIRED = code("state.retired", "retired")

STATES: dict[State, Code] = {
    "candidate": CANDIDATE,
    "passed": PASSED,
    "refused": REFUSED,
    "approved": APPROVED,
    "released": RELEASED,
    "retired": RETIRED,
}
"""What people read of each state."""


class Field(Record, frozen=True, kw_only=True):
    """One column a model reads or gives. type: polars' name of it. values: the categories seen, or empty."""

    name: str
    type: str
    nullable: bool = True
    values: tuple[str, ...] = ()

    @property
    def kind(self) -> TypeKind:
        """The kind of values that its type has."""
        return type_kind(self.type)


class Signature(Record, frozen=True, kw_only=True):
    """What a model takes and gives. raw: what a request carries; features: what the estimator reads.

    classes: labels in the order of the probability columns, as text; empty for regression.
    label: polars' name of the target's type, so that an answer holds `true`, `1` or `"yes"` as it was.
    Of two classes the second is the positive one. threshold: the chance of it from which on a row is called
    so; unset, and then not stored: the estimator's own decision.
    """

    raw: tuple[Field, ...]
    features: tuple[Field, ...]
    output: Literal["label", "probability", "both"]
    task: Literal["binary", "multiclass", "regression"]
    classes: tuple[str, ...] = ()
    label: str = ""
    threshold: float | UnsetType = UNSET

    @property
    def label_kind(self) -> TypeKind:
        """The kind of values that the target's type has."""
        return type_kind(self.label)


class Version(Record, frozen=True, kw_only=True):
    """One trained model. number: counts from 1 within the model.

    run: the run that built it. steps: node name → recipe digest, everything it was made by.
    parts: what it is served and judged from: `model`, `onnx`, `signature`, `scores`, `predictions` ...
    read: the slices of datasets it learned from. policy: digest of the gates it was asked to pass;
    needed: how many people must approve it; required_checks: those it must pass; forms: check → digest of all
    that it declared. These are fixed when it is asked for; a version of an older release holds no forms.
    judged_by: digest of the gates that judged it last. level: how deeply. waivers: verdicts that someone lets
    stand for a while. trained_by: the ids of who ran what fitted or registered it; none where an older
    Comporta wrote it.
    """

    model: str
    number: int
    run: str
    at: datetime
    commit: str = ""
    dirty: bool = False
    steps: dict[str, str]
    parts: dict[str, Artifact]
    read: tuple[Slice, ...]
    policy: str
    needed: int = 0
    state: State = "candidate"
    verdicts: tuple[Verdict, ...] = ()
    approvals: tuple[Approval, ...] = ()
    required_checks: tuple[str, ...] = field(default=(), name="asked")
    level: Level = "release"
    waivers: tuple[Waiver, ...] = ()
    forms: dict[str, str] = {}
    judged_by: str = ""
    trained_by: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """`late/3`: how people and URLs name it."""
        return f"{self.model}/{self.number}"

    def approvers(self, gone: frozenset[str] = frozenset()) -> frozenset[str]:
        """Who approved it, each once. gone: the ids of people who were forgotten, whose word counts no more:
        under their next id they could give it twice."""
        return frozenset(
            person_key(each.by) for each in self.approvals if not {each.by, person_key(each.by)} & gone
        )

    def waiver_of(self, verdict: Verdict, now: datetime) -> Waiver | None:
        """The waiver under which this verdict does not block now, or None: one of a check that has changed
        since it was given is none."""
        live = (each for each in reversed(self.waivers) if each.of(verdict) and each.until > now)
        return next((each for each in live if each.form in ("", verdict.form) or not verdict.form), None)

    def blocking_verdicts(self, now: datetime) -> tuple[Verdict, ...]:
        """The verdicts that close its way into production now."""
        return tuple(each for each in self.verdicts if each.blocks and self.waiver_of(each, now) is None)


class CheckRenaming(Record, frozen=True, kw_only=True):
    """What a check that an older release named otherwise is called now. check: its id. former: the digest of
    what it declared, as that release would have it; form: the same as it is told now."""

    check: str
    former: str
    form: str


class Approval(Record, frozen=True, kw_only=True):
    """Who let a version through, and why. by: a person's id; a plain name in older facts.

    role: as declared; as claimed, where the project declares nobody. reason: an artifact of kind `text`, or
    empty; text in older facts.
    """

    by: str
    role: str
    reason: Artifact | str
    at: datetime

    @property
    def why(self) -> str:
        """The reason, where it is text."""
        return text_or_digest(self.reason)


class Waiver(Record, frozen=True, kw_only=True):
    """Who lets one check of one version not count, in what role, why and until when.

    by, reason: as of an approval. outcome: what the check had said; form: what it declared, or empty.
    changed: of the verdict on a check that was asked in another form at first. The role is as declared.
    """

    check: str
    by: str
    role: str
    reason: Artifact | str
    at: datetime
    until: datetime
    outcome: str
    form: str = ""
    changed: bool = False

    def of(self, verdict: Verdict) -> bool:
        """Whether it is of this check, in whatever form."""
        return (self.check, self.changed) == (verdict.check, verdict.changed)

    @property
    def why(self) -> str:
        """The reason, where it is text."""
        return text_or_digest(self.reason)
