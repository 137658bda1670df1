"""Who may do what: actions, roles and scopes, who acts and by what proof, and the answer."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from comporta.records.message import Text
from comporta.records.record import Record

Action = Literal[
    "version.read", "data.read", "audit.read", "metrics.read",
    "data.write", "train.run", "version.register", "version.judge", "version.fetch",
    "verdict.waive", "release.request", "release.approve", "release.execute", "release.abort",
    "model.serve", "model.predict", "label.write",
    "policy.edit", "budget.set",
    "erase.request", "erase.execute", "event.remove", "store.sweep",
    "role.grant", "token.issue", "key.use",
]  # fmt: skip
"""What can be asked for. `budget.set`, `erase.request` and `key.use` are asked by nothing yet."""

ACTIONS: tuple[Action, ...] = Action.__args__  # type: ignore[attr-defined]

Role = Literal[
    "viewer", "scientist", "engineer", "builder", "validator", "approver", "owner",
    "privacy_officer", "auditor", "admin", "oncall",
]  # fmt: skip
ROLE_NAMES: tuple[Role, ...] = Role.__args__  # type: ignore[attr-defined]

ProofKind = Literal["claimed", "key", "token", "session", "ci_job"]
"""How it is known who acts: `claimed`, a name alone; an Ed25519 key of theirs; a token, or a session of the
console; the signed token of a job of a CI system."""


class Scope(Record, frozen=True, kw_only=True):
    """What an action is on, or a role is for; an empty field: all of them."""

    dataset: str = ""
    model: str = ""
    environment: str = ""

    def covers(self, other: Scope) -> bool:
        """Whether all of the other scope lies in this one."""
        return (
            self.dataset in ("", other.dataset)
            and self.model in ("", other.model)
            and self.environment in ("", other.environment)
        )

    def overlaps(self, other: Scope) -> bool:
        """Whether something can lie in both."""
        return (
            (not self.dataset or other.dataset in ("", self.dataset))
            and (not self.model or other.model in ("", self.model))
            and (not self.environment or other.environment in ("", self.environment))
        )

    @property
    def text(self) -> str:
        """`model late`, as people read it; empty: the whole project."""
        return ", ".join(
            f"{name} {getattr(self, name)}" for name in self.__struct_fields__ if getattr(self, name)
        )


EVERYWHERE = Scope()


class Actor(Record, frozen=True, kw_only=True):
    """Who acts. id: of a person or a service account, as facts hold it; empty for one who never acted.

    name: as names are compared; it is in no fact. proof: how it is known. key: the public key, or the issuer,
    that proves it; job: the CI job, as its issuer numbers it.
    """

    id: str = ""
    name: str = ""
    proof: ProofKind = "claimed"
    key: str = ""
    job: str = ""


class ActProof(Record, frozen=True, kw_only=True):
    """By what it is known who recorded a fact; a fact without one is of a name that was claimed.

    key: the public Ed25519 key, 64 hex digits, or of a CI job the digest of its issuer's rule. nonce: used
    once. at: when it was signed, microseconds since 1970, UTC. signature: Ed25519 over `signed_act`, 128 hex
    digits; empty of a CI job, whose token was verified when it acted. job: its number.
    """

    kind: ProofKind
    key: str
    nonce: str
    at: int
    signature: str = ""
    job: str = ""


class Decision(Record, frozen=True, kw_only=True):
    """Whether somebody may. why: the rule. role: by which they may, or empty. able: who could, by id or name,
    where they may not."""

    allowed: bool
    why: Text
    role: Role | Literal[""] = ""
    able: tuple[str, ...] = ()


class RoleGrant(Record, frozen=True, kw_only=True):
    """A role that somebody has. person: an id, or the name under which the project declares them.
    until: when it ends, or None."""

    person: str
    role: Role
    scope: Scope = EVERYWHERE
    until: datetime | None = None


class ActionDenial(Record, frozen=True, kw_only=True):
    """An action that somebody may not do, whatever their roles."""

    person: str
    action: Action
    scope: Scope = EVERYWHERE
