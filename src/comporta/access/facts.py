"""What `may` reads: rights by person and action, what was denied, and what the ledger says happened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal

from comporta.access.table import BESIDE_DECLARED, ROLES, UNDECLARED
from comporta.records.access import Action, ActionDenial, Role, RoleGrant, Scope
from comporta.records.record import Record

Governance = Literal["nobody", "file", "ledger"]
"""Who decides who may: nobody is declared; those whom the project's file declares; roles that were granted,
which the ledger holds: from the first on the file's count no more, for a file can be edited by anybody."""

EVERYBODY: Mapping[Governance, frozenset[Action]] = {
    "nobody": UNDECLARED,
    "file": BESIDE_DECLARED,
    "ledger": frozenset(),
}
"""What those may who have no role."""


class Duties(Record, frozen=True, kw_only=True):
    """What happened to one version, by the ids of who did it. trained: ran the steps that fitted it, or
    registered it, under whatever name. edited: changed the gates it is judged by, no release under which
    there was yet. requested: asked for its release. granted: granted roles since it was registered. signed:
    approved it and proved who they are. unnamed: whether one of these was forgotten since; elders: then
    those who were in the directory before, so that they are others."""

    trained: frozenset[str] = frozenset()
    edited: frozenset[str] = frozenset()
    requested: frozenset[str] = frozenset()
    granted: frozenset[str] = frozenset()
    signed: frozenset[str] = frozenset()
    unnamed: bool = False
    elders: frozenset[str] = frozenset()


NOTHING_DONE = Duties()


class Right(Record, frozen=True, kw_only=True):
    """By which role somebody may do one action, where, and until when."""

    role: Role
    scope: Scope
    until: datetime | None


class AccessFacts(Record, frozen=True, kw_only=True):
    """rights, denials: person → action → which; by id, but rights that the file declares by name. holders:
    action → who has a right to it, in order. keyed: the ids of those who have a key or had one: one that was
    revoked does not open the name again. proven: what the project asks proof for. now: of the ledger's clock.
    """

    governance: Governance
    rights: dict[str, dict[Action, tuple[Right, ...]]]
    denials: dict[str, dict[Action, tuple[Scope, ...]]]
    holders: dict[Action, tuple[str, ...]]
    keyed: frozenset[str]
    proven: frozenset[Action]
    duties: Duties
    now: datetime


def access_facts(
    *,
    declared: Iterable[RoleGrant] = (),
    granted: Iterable[RoleGrant] = (),
    denied: Iterable[ActionDenial] = (),
    keyed: frozenset[str] = frozenset(),
    proven: frozenset[Action] = frozenset(),
    duties: Duties = NOTHING_DONE,
    governed: bool = False,
    now: datetime,
) -> AccessFacts:
    """Indexed once, for `may` to be asked many times. declared: by the project's file; granted: in the
    ledger. governed: whether a role was ever granted, though it be of somebody who was forgotten since."""
    file, ledger = tuple(declared), tuple(granted)
    rights: dict[str, dict[Action, tuple[Right, ...]]] = {}
    holders: dict[Action, dict[str, None]] = {}
    for grant in ledger if ledger or governed else file:
        right = Right(role=grant.role, scope=grant.scope, until=grant.until)
        mine = rights.setdefault(grant.person, {})
        for action in ROLES[grant.role]:
            mine[action] = (*mine.get(action, ()), right)
            holders.setdefault(action, {})[grant.person] = None
    denials: dict[str, dict[Action, tuple[Scope, ...]]] = {}
    for denial in denied:
        theirs = denials.setdefault(denial.person, {})
        theirs[denial.action] = (*theirs.get(denial.action, ()), denial.scope)
    return AccessFacts(
        governance="ledger" if ledger or governed else "file" if file else "nobody",
        rights=rights,
        denials=denials,
        holders={action: tuple(people) for action, people in holders.items()},
        keyed=keyed,
        proven=proven,
        duties=duties,
        now=now,
    )
