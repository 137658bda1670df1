"""No change leaves a project in which nobody may grant a role."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from comporta.access import GrantingState, access_facts, may, require_granting
from comporta.access.state import PersonKey
from comporta.errors import Refused
from comporta.records.access import ROLE_NAMES, Action, ActionDenial, Actor, Role, RoleGrant, Scope
from comporta.records.access_facts import ActionDenied, RoleGranted

NOW = datetime(2026, 11, 30, tzinfo=UTC)
ANA, BO = "person-000000000000000a", "person-000000000000000b"


def role(
    person: str = ANA, role: Role = "admin", until: datetime | None = None, model: str = ""
) -> RoleGranted:
    return RoleGranted(person=person, role=role, scope=Scope(model=model), until=until, by=BO)


def denial(action: Action = "role.grant", model: str = "") -> ActionDenied:
    return ActionDenied(person=ANA, action=action, scope=Scope(model=model), lifted=False, by=BO)


def key(until: int = 0) -> PersonKey:
    return PersonKey(person=ANA, key=f"{until}" * 64, since=1, until=until)


BEFORE = GrantingState(grants=(role(),), denials=(), keys=())


@pytest.mark.parametrize(
    "after",
    [
        replace(BEFORE, grants=()),
        replace(BEFORE, grants=(role(until=NOW),)),
        replace(BEFORE, grants=(role(model="late"), role(BO, "owner"))),
        replace(BEFORE, denials=(denial(),)),
        replace(BEFORE, denials=(denial(model="late"),)),
        replace(BEFORE, nameless=frozenset({ANA})),
        replace(BEFORE, keys=(key(until=2),)),
        replace(BEFORE, grants=(role(), role(BO)), denials=(denial(),), nameless=frozenset({BO})),
    ],
    ids=[
        "revoked",
        "ends",
        "of a model",
        "denied",
        "denied of a model",
        "forgotten",
        "keyless",
        "one denied, one forgotten",
    ],
)
def test_the_last_admin_cannot_go_by_any_way(after: GrantingState) -> None:
    with pytest.raises(Refused, match="found the last admin of the project"):
        require_granting(BEFORE, after)
    require_granting(BEFORE, replace(after, grants=(*after.grants, role("person-000000000000000c"))))


@pytest.mark.parametrize(
    "after",
    [
        replace(BEFORE, denials=(denial("data.read", model="late"), denial("data.read"))),
        replace(BEFORE, keys=(key(until=2), key())),
        replace(BEFORE, grants=(role(), role(BO, "viewer"))),
    ],
)
def test_what_leaves_an_admin_is_no_matter(after: GrantingState) -> None:
    require_granting(BEFORE, after)


@settings(deadline=None)
@given(
    st.lists(st.builds(role, st.sampled_from([ANA, BO]), st.sampled_from(ROLE_NAMES)), min_size=1),
    st.lists(st.builds(denial, st.sampled_from(["role.grant", "data.read"]), st.sampled_from(["", "late"]))),
)
def test_who_is_said_to_grant_may_and_nobody_else(
    grants: list[RoleGranted], denials: list[ActionDenied]
) -> None:
    granted = [RoleGrant(person=each.person, role=each.role, scope=each.scope) for each in grants]
    denied = [ActionDenial(person=each.person, action=each.action, scope=each.scope) for each in denials]
    facts = access_facts(granted=granted, denied=denied, now=NOW)
    people = GrantingState(grants=tuple(grants), denials=tuple(denials), keys=()).people
    for each in (ANA, BO):
        assert may(Actor(id=each, proof="key"), "role.grant", Scope(), facts).allowed == (each in people)


def test_where_nobody_grants_a_key_may_go_but_its_owner_is_no_first_admin() -> None:
    nobody = GrantingState(grants=(), denials=(), keys=(key(),))
    revoked = replace(nobody, keys=(key(until=2),))
    require_granting(nobody, revoked)
    with pytest.raises(Refused, match="found the last admin"):
        require_granting(revoked, replace(revoked, grants=(role(),)))
