"""Who may still grant roles, so that no change leaves a project in which nobody can."""

from __future__ import annotations

from collections.abc import Callable

from comporta.access.state import DENIALS, GRANTS, PERSON_KEYS, PersonKey
from comporta.errors import Refused
from comporta.records.access import EVERYWHERE
from comporta.records.access_facts import ActionDenied, RoleGranted
from comporta.records.event import View
from comporta.records.identity import is_service_id
from comporta.records.record import Record


class GrantingState(Record, frozen=True, kw_only=True):
    """All that decides who may grant. nameless: ids of those whose names were deleted."""

    grants: tuple[RoleGranted, ...]
    denials: tuple[ActionDenied, ...]
    keys: tuple[PersonKey, ...]
    nameless: frozenset[str] = frozenset()

    @property
    def people(self) -> frozenset[str]:
        """Admins of the whole project, without end, who were not denied it nor forgotten, and who have a key
        that is valid where they ever had one: without it nobody may act in their name."""
        admins = {
            each.person
            for each in self.grants
            if each.role == "admin" and each.scope == EVERYWHERE and each.until is None
        }
        # Of one model too: who is denied a part does not do it on the whole.
        denied = {each.person for each in self.denials if each.action == "role.grant"}
        keyless = {each.person for each in self.keys} - {each.person for each in self.keys if not each.until}
        return frozenset(
            each for each in admins - denied - keyless - self.nameless if not is_service_id(each)
        )


def granting_state(view: View, gone: Callable[[str], bool] = lambda person: False) -> GrantingState:
    """Of the ledger as it stands. gone: whether a person was forgotten."""
    grants = tuple(each for _, each in view.scan(GRANTS))
    return GrantingState(
        grants=grants,
        denials=tuple(each for _, each in view.scan(DENIALS)),
        keys=tuple(each for _, each in view.scan(PERSON_KEYS)),
        nameless=frozenset(each for each in {grant.person for grant in grants} if gone(each)),
    )


def require_granting(before: GrantingState, after: GrantingState) -> None:
    """Raises Refused where somebody may grant roles before a change and nobody after it, and for a first
    admin who may not: a key of theirs was revoked."""
    first = not before.grants and after.grants
    if (before.people or first) and not after.people:
        raise Refused(
            "found the last admin of the project, expected another beside them: nobody could grant a role "
            "any more. Make one first: comporta people add NAME --role admin"
        )
