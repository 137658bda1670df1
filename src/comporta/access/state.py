"""Who holds which role, which keys are valid, and who did what to a version, as projections of facts."""

from __future__ import annotations

import msgspec

from comporta.records.access import EVERYWHERE, Action, Role, Scope
from comporta.records.access_facts import (
    ActionDenied,
    IssuerTrusted,
    KeyAdded,
    KeyRevoked,
    RoleGranted,
    RoleRevoked,
)
from comporta.records.act_fact import ActFact
from comporta.records.asset import Artifact
from comporta.records.event import Changes, Event, Lookup, Projection
from comporta.records.facts import (
    ACTS,
    ReleaseRequested,
    VersionApproved,
    VersionJudged,
    VersionRegistered,
    VersionReleased,
)
from comporta.records.record import Record


def scope_key(scope: Scope) -> str:
    """The scope as a part of a key: no name holds a tab."""
    return "\t".join((scope.dataset, scope.model, scope.environment))


def grant_key(person: str, role: Role, scope: Scope = EVERYWHERE) -> str:
    """The key of a role of somebody."""
    return f"{person}\t{role}\t{scope_key(scope)}"


def denial_key(person: str, action: Action, scope: Scope = EVERYWHERE) -> str:
    """The key of a denial."""
    return f"{person}\t{action}\t{scope_key(scope)}"


def _on_granted(fact: RoleGranted, event: Event, old: Lookup[RoleGranted]) -> Changes[RoleGranted]:
    yield grant_key(fact.person, fact.role, fact.scope), fact


def _on_revoked(fact: RoleRevoked, event: Event, old: Lookup[RoleGranted]) -> Changes[RoleGranted]:
    yield grant_key(fact.person, fact.role, fact.scope), None


def _on_denied(fact: ActionDenied, event: Event, old: Lookup[ActionDenied]) -> Changes[ActionDenied]:
    yield denial_key(fact.person, fact.action, fact.scope), None if fact.lifted else fact


class PersonKey(Record, frozen=True, kw_only=True):
    """A key by which somebody proves who they are. since: the event that added it; until: the one that
    revoked it, or 0. A revoked key is never valid again. rule: of a CI system's tokens; else None."""

    person: str
    key: str
    since: int
    until: int = 0
    rule: Artifact | None = None


def _on_key_added(fact: KeyAdded, event: Event, old: Lookup[PersonKey]) -> Changes[PersonKey]:
    if old(fact.key) is None:
        yield fact.key, PersonKey(person=fact.person, key=fact.key, since=event.seq)


def _on_issuer_trusted(fact: IssuerTrusted, event: Event, old: Lookup[PersonKey]) -> Changes[PersonKey]:
    key = fact.rule.digest
    if old(key) is None:
        yield key, PersonKey(person=fact.person, key=key, since=event.seq, rule=fact.rule)


def _on_key_revoked(fact: KeyRevoked, event: Event, old: Lookup[PersonKey]) -> Changes[PersonKey]:
    if (key := old(fact.key)) is not None and not key.until:
        yield fact.key, msgspec.structs.replace(key, until=event.seq)


class GrantingPerson(Record, frozen=True, kw_only=True):
    """seq: the last event in which this person granted a role to another."""

    seq: int


def _on_granting(fact: RoleGranted, event: Event, old: Lookup[GrantingPerson]) -> Changes[GrantingPerson]:
    if fact.by:
        yield fact.by, GrantingPerson(seq=event.seq)


class UsedNonce(Record, frozen=True, kw_only=True):
    """seq: the event whose proof has it."""

    seq: int


def _on_act(fact: ActFact, event: Event, old: Lookup[UsedNonce]) -> Changes[UsedNonce]:
    if isinstance(fact.proof, msgspec.UnsetType) or old(fact.proof.nonce) is not None:
        return
    yield fact.proof.nonce, UsedNonce(seq=event.seq)


class ModelHistory(Record, frozen=True, kw_only=True):
    """What duties are judged on. registered: number of a version → its event. policies: number → the digests
    of the gates that it is or was judged by. editors: digest of gates → who judged by them first. released:
    digests under which there was a release. requested: number → who asked for its release, in order. signed:
    number → who approved it and proved who they are."""

    registered: dict[str, int] = {}
    policies: dict[str, tuple[str, ...]] = {}
    editors: dict[str, str] = {}
    released: tuple[str, ...] = ()
    requested: dict[str, tuple[str, ...]] = {}
    signed: dict[str, tuple[str, ...]] = {}

    def under(self, number: int, policy: str, by: str) -> ModelHistory:
        """The history once this version is judged by these gates."""
        key = str(number)
        there = self.policies.get(key, ())
        return msgspec.structs.replace(
            self,
            policies={**self.policies, key: there if policy in there else (*there, policy)},
            editors={policy: by, **self.editors},
        )


def _history(old: Lookup[ModelHistory], model: str) -> ModelHistory:
    return old(model) or ModelHistory()


def _on_registered(fact: VersionRegistered, event: Event, old: Lookup[ModelHistory]) -> Changes[ModelHistory]:
    version = fact.version
    history = _history(old, version.model).under(version.number, version.policy, fact.by)
    registered = {**history.registered, str(version.number): event.seq}
    yield version.model, msgspec.structs.replace(history, registered=registered)


def _on_judged(fact: VersionJudged, event: Event, old: Lookup[ModelHistory]) -> Changes[ModelHistory]:
    yield fact.model, _history(old, fact.model).under(fact.number, fact.policy, fact.by)


def _on_requested(fact: ReleaseRequested, event: Event, old: Lookup[ModelHistory]) -> Changes[ModelHistory]:
    history, key = _history(old, fact.model), str(fact.number)
    asked = dict.fromkeys((*history.requested.get(key, ()), fact.by))
    yield fact.model, msgspec.structs.replace(history, requested={**history.requested, key: tuple(asked)})


def _on_approved(fact: VersionApproved, event: Event, old: Lookup[ModelHistory]) -> Changes[ModelHistory]:
    if isinstance(fact.proof, msgspec.UnsetType):
        return
    history, key = _history(old, fact.model), str(fact.number)
    signed = dict.fromkeys((*history.signed.get(key, ()), fact.approval.by))
    yield fact.model, msgspec.structs.replace(history, signed={**history.signed, key: tuple(signed)})


def _on_released(fact: VersionReleased, event: Event, old: Lookup[ModelHistory]) -> Changes[ModelHistory]:
    if fact.release.kind != "release":
        return
    history = _history(old, fact.release.model)
    under = (
        policy for share in fact.release.shares for policy in history.policies.get(str(share.version), ())
    )
    released = tuple(sorted({*history.released, *under}))
    yield fact.release.model, msgspec.structs.replace(history, released=released)


GRANTS = Projection("role", RoleGranted, {RoleGranted: _on_granted, RoleRevoked: _on_revoked})
"""Person, role and scope → who granted it, and until when."""

DENIALS = Projection("denial", ActionDenied, {ActionDenied: _on_denied})
"""Person, action and scope → who denied it."""

PERSON_KEYS = Projection(
    "person key",
    PersonKey,
    {KeyAdded: _on_key_added, IssuerTrusted: _on_issuer_trusted, KeyRevoked: _on_key_revoked},
)
"""Public key, or digest of a CI system's rule → whose it is, and since when."""

GRANTING = Projection("granting", GrantingPerson, {RoleGranted: _on_granting})
"""Person → the last event in which they granted a role."""

NONCES = Projection("nonce", UsedNonce, dict.fromkeys(ACTS, _on_act))
"""Nonce of a proof → the event that used it."""

HISTORIES = Projection(
    "history",
    ModelHistory,
    {
        VersionRegistered: _on_registered,
        VersionJudged: _on_judged,
        ReleaseRequested: _on_requested,
        VersionApproved: _on_approved,
        VersionReleased: _on_released,
    },
)
"""Model → what duties are judged on."""

PROJECTIONS = (GRANTS, DENIALS, PERSON_KEYS, GRANTING, NONCES, HISTORIES)
