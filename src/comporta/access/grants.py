"""Granting, denying and revoking: each decision returns the fact, or raises Refused with the rule."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from comporta.access.ed25519 import is_public_key
from comporta.access.state import PersonKey
from comporta.access.table import PEOPLE_ROLES
from comporta.errors import Refused
from comporta.records.access import EVERYWHERE, Action, Role, Scope
from comporta.records.access_facts import (
    ActionDenied,
    KeyAdded,
    KeyRevoked,
    RoleGranted,
    RoleRevoked,
)
from comporta.records.asset import Artifact
from comporta.records.facts import ReleaseRequested
from comporta.records.identity import is_service_id
from comporta.records.version import Version

_LOST = "Where it is lost, an admin decides: comporta people add NAME --role admin"


def grant(
    person: str,
    role: Role,
    *,
    by: str,
    now: datetime,
    grants: Iterable[RoleGranted],
    scope: Scope = EVERYWHERE,
    until: datetime | None = None,
) -> RoleGranted:
    """The fact that gives somebody a role. grants: those that there are.

    Raises Refused for a role of one's own, but the first; unless the first is `admin` for the whole project,
    for nobody could grant a second; for an end in the past; for a service account in a role of people.
    """
    there = tuple(grants)
    if not there and (role != "admin" or scope != EVERYWHERE or until is not None or is_service_id(person)):
        raise Refused(
            f"found {role!r} as the first role, expected 'admin' of the whole project, of a person and with "
            "no end: who else could grant the next? Begin with: comporta people add NAME --role admin"
        )
    if there and person == by:
        raise Refused(f"found the role {role!r} for oneself, expected another admin to grant it.")
    if is_service_id(person) and role in PEOPLE_ROLES:
        raise Refused(
            f"found the role {role!r} for a service account, expected a person: it approves or grants."
        )
    if until is not None and until <= now:
        raise Refused(f"found the end {until:%Y-%m-%d}, expected a day to come.")
    return RoleGranted(person=person, role=role, scope=scope, until=until, by=by)


def revoke(
    person: str, role: Role, *, by: str, grants: Iterable[RoleGranted], scope: Scope = EVERYWHERE
) -> RoleRevoked:
    """The fact that ends a role. Raises Refused where they do not have it."""
    there = tuple(grants)
    mine = [each for each in there if each.person == person]
    if not any((each.role, each.scope) == (role, scope) for each in mine):
        held = ", ".join(sorted({each.role for each in mine})) or "none"
        raise Refused(f"found no role {role!r} of theirs there, expected one of: {held}.")
    return RoleRevoked(person=person, role=role, scope=scope, by=by)


def deny(
    person: str,
    action: Action,
    *,
    by: str,
    grants: Iterable[RoleGranted],
    denials: Iterable[ActionDenied],
    scope: Scope = EVERYWHERE,
    lift: bool = False,
) -> ActionDenied:
    """The fact that denies somebody an action whatever their roles, or lifts that. Raises Refused where there
    is nothing to lift, for lifting one's own, and where no role was granted yet: a denial of one name among
    names that anybody may take protects nothing."""
    there = tuple(grants)
    if not there:
        raise Refused(
            "found no role that was granted, expected one: until then a name is what somebody types. Begin "
            "with: comporta people add NAME --role admin"
        )
    known = any((each.person, each.action, each.scope) == (person, action, scope) for each in denials)
    if lift and not known:
        raise Refused(f"found no denial of {action} to them there. See: comporta people list")
    if lift and person == by:
        raise Refused("found a denial of one's own, expected another admin to lift it.")
    return ActionDenied(person=person, action=action, scope=scope, lifted=lift, by=by)


def request(version: Version, *, by: str, reason: Artifact | str, known: Iterable[str]) -> ReleaseRequested:
    """The fact that somebody asks for a version's release. known: who asked already."""
    if version.state == "candidate":
        raise Refused(f"{version.id}: found no verdicts, expected its gates passed. Run again.")
    if version.state == "released":
        raise Refused(f"{version.id}: it is released already. Nothing to ask for.")
    if by and by in known:
        raise Refused(f"{version.id}: they asked for its release already.")
    return ReleaseRequested(model=version.model, number=version.number, by=by, reason=reason)


def add_key(
    person: str,
    key: str,
    *,
    by: str,
    signed: bool,
    governed: bool,
    keys: Iterable[PersonKey],
) -> KeyAdded:
    """The fact that a public key proves who somebody is. keys: those that there are. signed: whether who does
    it proved who they are; governed: whether roles were granted, and they may grant.

    Raises Refused for a key that is, or was, registered; for one that is none; and, where nobody grants
    roles, for a second key of somebody that they do not sign for with the first, revoked or not: whoever adds
    one acts in their name from then on."""
    there = tuple(keys)
    if not is_public_key(key):
        raise Refused(f"key {key[:16]}…: found no Ed25519 key, expected what `comporta people key` prints.")
    if (known := next((each for each in there if each.key == key), None)) is not None:
        state = "was revoked" if known.until else "is registered already"
        raise Refused(f"key {key[:16]}…: it {state}, expected a new one. Make one: comporta people key --new")
    theirs = any(each.person == person and each.rule is None for each in there)
    if theirs and not governed and not (signed and by == person):
        raise Refused(
            "found a key of theirs, valid or revoked, expected it to sign for the next one. Add it where "
            f"that key lies. {_LOST}"
        )
    return KeyAdded(person=person, key=key, by=by)


def revoke_key(key: PersonKey, *, by: str, signed: bool, governed: bool) -> KeyRevoked:
    """The fact that ends a key. signed, governed: as of `add_key`.

    Raises Refused where nobody grants roles, but for who signs with a key of theirs: anybody could end what
    proves who another is. A CI system's rule anybody ends."""
    if key.rule is None and not governed and not (signed and by == key.person):
        raise Refused(
            "found a key of theirs, expected them to sign that it ends. Revoke it where that key lies. "
            f"{_LOST}"
        )
    return KeyRevoked(person=key.person, key=key.key, by=by)
