"""The facts of who may: tokens, roles, denials, keys and issuers. Part of `records/facts.py`'s list."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from comporta.records.access import Action, Role, Scope
from comporta.records.act_fact import ActFact
from comporta.records.asset import Artifact
from comporta.records.token import Token


class TokenMade(ActFact, frozen=True, kw_only=True):
    """A token was made. Its name is of a program, and stands in clear."""

    kind: ClassVar[str] = "token.made"
    token: Token


class TokenEnded(ActFact, frozen=True, kw_only=True):
    """A token ends before its day: revoked, or another takes its place. ends: when; not before the fact.
    by: the id of who did it."""

    kind: ClassVar[str] = "token.ended"
    token: str
    ends: datetime
    by: str


class RoleGranted(ActFact, frozen=True, kw_only=True):
    """Somebody has a role. person, by: ids. until: when it ends, or None."""

    kind: ClassVar[str] = "role.granted"
    person: str
    role: Role
    scope: Scope
    until: datetime | None
    by: str


class RoleRevoked(ActFact, frozen=True, kw_only=True):
    """Somebody has a role no more."""

    kind: ClassVar[str] = "role.revoked"
    person: str
    role: Role
    scope: Scope
    by: str


class ActionDenied(ActFact, frozen=True, kw_only=True):
    """Somebody may not do something, whatever their roles. lifted: they may again, by their roles."""

    kind: ClassVar[str] = "action.denied"
    person: str
    action: Action
    scope: Scope
    lifted: bool
    by: str


class KeyAdded(ActFact, frozen=True, kw_only=True):
    """From now on this key proves that it is this person. key: the public Ed25519 key, 64 hex digits."""

    kind: ClassVar[str] = "key.added"
    person: str
    key: str
    by: str


class KeyRevoked(ActFact, frozen=True, kw_only=True):
    """From now on this key proves nothing. key: or the digest of the rule of an issuer."""

    kind: ClassVar[str] = "key.revoked"
    person: str
    key: str
    by: str


class IssuerTrusted(ActFact, frozen=True, kw_only=True):
    """From now on the signed token of a CI job proves that it is this service account. rule: an artifact of
    kind `json`: the issuer, its keys, and what the token must claim, which may name people."""

    kind: ClassVar[str] = "issuer.trusted"
    person: str
    rule: Artifact
    by: str
