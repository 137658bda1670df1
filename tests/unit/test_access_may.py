"""`may`, cell by cell: roles, scopes, ends, denials, proof; and what no role overcomes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from comporta.access import ROLES, Duties, access_facts, may
from comporta.access.decide import MOST_NAMED, PEOPLE_ALONE
from comporta.access.table import PEOPLE_ROLES, READS
from comporta.opened.sentences import sentence
from comporta.records.access import (
    ACTIONS,
    ROLE_NAMES,
    Action,
    ActionDenial,
    Actor,
    ProofKind,
    Role,
    RoleGrant,
    Scope,
)

NOW = datetime(2026, 11, 30, tzinfo=UTC)
ANA, BO, CI = "person-000000000000000a", "person-000000000000000b", "service-000000000000000c"
LATE, SOON = Scope(model="late"), Scope(model="soon")
PROVEN: list[ProofKind] = ["key", "token", "session", "ci_job"]
roles, actions = st.sampled_from(ROLE_NAMES), st.sampled_from(ACTIONS)


def who(id: str = ANA, proof: ProofKind = "key") -> Actor:
    return Actor(id=id, name=id, proof=proof)


@settings(deadline=None)
@given(roles, actions, st.sampled_from([Scope(), LATE, Scope(dataset="visits"), Scope(environment="eu")]))
def test_a_role_gives_what_its_row_says_and_nothing_else(role: Role, action: Action, scope: Scope) -> None:
    facts = access_facts(granted=[RoleGrant(person=ANA, role=role)], now=NOW)
    decision = may(who(), action, scope, facts)
    assert decision.allowed == (action in ROLES[role])
    assert decision.role == (role if decision.allowed else "")


@settings(deadline=None)
@given(st.sets(roles, min_size=1), actions, st.sampled_from(["claimed", *PROVEN]))
def test_a_denial_beats_every_role_and_every_proof(held: set[Role], action: Action, proof: ProofKind) -> None:
    facts = access_facts(
        granted=[RoleGrant(person=ANA, role=each) for each in sorted(held)],
        denied=[ActionDenial(person=ANA, action=action)],
        now=NOW,
    )
    decision = may(who(proof=proof), action, LATE, facts)
    assert not decision.allowed
    assert "was denied to them" in sentence(decision.why)


def test_a_role_of_one_model_is_none_of_another_nor_of_the_whole() -> None:
    facts = access_facts(granted=[RoleGrant(person=ANA, role="approver", scope=LATE)], now=NOW)
    allowed = [may(who(), "release.approve", each, facts).allowed for each in (LATE, SOON, Scope())]
    assert allowed == [True, False, False]
    assert "allows release.approve (the whole project)" in sentence(
        may(who(), "release.approve", Scope(), facts).why
    )


def test_a_denial_of_one_model_is_none_of_another() -> None:
    facts = access_facts(
        granted=[RoleGrant(person=ANA, role="approver")],
        denied=[ActionDenial(person=ANA, action="release.approve", scope=LATE)],
        now=NOW,
    )
    assert [may(who(), "release.approve", each, facts).allowed for each in (LATE, SOON)] == [False, True]


def test_what_is_denied_of_a_model_is_denied_of_the_whole() -> None:
    facts = access_facts(
        granted=[RoleGrant(person=ANA, role="engineer")],
        denied=[ActionDenial(person=ANA, action="model.serve", scope=LATE)],
        now=NOW,
    )
    asked = (Scope(), LATE, Scope(environment="eu"), SOON)
    assert [may(who(), "model.serve", each, facts).allowed for each in asked] == [False, False, False, True]


def test_who_came_after_somebody_was_forgotten_may_be_the_same() -> None:
    duties = Duties(trained=frozenset({"person-000000000000000d"}), unnamed=True, elders=frozenset({BO}))
    grants = [RoleGrant(person=each, role="validator") for each in (ANA, BO)]
    facts = access_facts(granted=grants, duties=duties, now=NOW)
    for action in sorted(PEOPLE_ALONE):
        assert [may(who(each), action, LATE, facts).allowed for each in (ANA, BO)] == [False, True]
    assert may(who(), "release.abort", LATE, facts).allowed


@pytest.mark.parametrize(("seconds", "allowed"), [(1, True), (0, False), (-1, False)])
def test_a_role_ends_when_its_time_is_over(seconds: int, allowed: bool) -> None:
    until = NOW + timedelta(seconds=seconds)
    facts = access_facts(granted=[RoleGrant(person=ANA, role="viewer", until=until)], now=NOW)
    assert may(who(), "version.read", Scope(), facts).allowed is allowed
    assert facts.governance == "ledger", "that every role has ended opens nothing"


@settings(deadline=None)
@given(st.sets(roles, min_size=1))
def test_a_service_account_never_approves_nor_waives_whatever_its_roles(held: set[Role]) -> None:
    for governed in (True, False):
        grants = [RoleGrant(person=CI, role=each) for each in sorted(held)] if governed else []
        facts = access_facts(granted=grants, now=NOW)
        for action in PEOPLE_ALONE:
            assert not may(who(CI, "ci_job"), action, LATE, facts).allowed
    assert {"approver", "validator", "owner", "admin"} == PEOPLE_ROLES


@settings(deadline=None)
@given(actions, st.sampled_from(PROVEN))
def test_a_name_alone_is_not_enough_where_proof_is_asked(action: Action, proof: ProofKind) -> None:
    every = [RoleGrant(person=ANA, role=each) for each in ROLE_NAMES if each != "admin"]
    every += [RoleGrant(person=BO, role="admin")]
    person = ANA if any(action in ROLES[each.role] for each in every if each.person == ANA) else BO
    asked = access_facts(granted=every, proven=frozenset({action}), now=NOW)
    assert not may(who(person, "claimed"), action, LATE, asked).allowed
    assert may(who(person, proof), action, LATE, asked).allowed
    keyed = access_facts(granted=every, keyed=frozenset({person}), now=NOW)
    assert may(who(person, "claimed"), action, LATE, keyed).allowed is (action in READS)
    assert may(who(person, proof), action, LATE, keyed).allowed


def test_who_is_on_call_rolls_back_whatever_they_did_before() -> None:
    did = frozenset({ANA})
    facts = access_facts(
        granted=[RoleGrant(person=ANA, role="oncall")],
        duties=Duties(trained=did, edited=did, requested=did, granted=did),
        now=NOW,
    )
    assert may(who(), "release.abort", LATE, facts).allowed


@pytest.mark.parametrize(
    ("duties", "rule", "waives"),
    [
        (Duties(trained=frozenset({ANA})), "they trained it", False),
        (Duties(edited=frozenset({ANA})), "they changed the gates", False),
        (Duties(requested=frozenset({ANA})), "they asked for its release", True),
        (Duties(granted=frozenset({ANA})), "they granted roles since", True),
    ],
)
def test_a_refusal_names_the_duty_and_only_those_who_could(duties: Duties, rule: str, waives: bool) -> None:
    grants = [RoleGrant(person=each, role="validator") for each in (ANA, BO)]
    facts = access_facts(granted=[*grants, RoleGrant(person=CI, role="viewer")], duties=duties, now=NOW)
    decision = may(who(), "release.approve", LATE, facts)
    assert not decision.allowed
    assert rule in sentence(decision.why)
    assert decision.able == (BO,)
    assert may(who(), "verdict.waive", LATE, facts).allowed is waives


def test_at_most_five_are_named() -> None:
    grants = [RoleGrant(person=f"person-{each:016x}", role="approver") for each in range(100, 150)]
    facts = access_facts(granted=grants, now=NOW)
    assert len(may(who(), "release.approve", LATE, facts).able) == MOST_NAMED


def test_where_nobody_is_declared_a_name_does_all_but_waive_and_remove() -> None:
    facts = access_facts(now=NOW)
    denied = {each for each in ACTIONS if not may(who("", "claimed"), each, LATE, facts).allowed}
    assert denied == {"verdict.waive", "event.remove"}


def test_the_file_declares_names_and_the_ledger_ids_and_neither_is_taken_for_the_other() -> None:
    claimed = Actor(id="", name=ANA)  # somebody whose name reads like ana's id
    granted = access_facts(granted=[RoleGrant(person=ANA, role="approver")], now=NOW)
    assert not may(claimed, "release.approve", LATE, granted).allowed
    declared = access_facts(declared=[RoleGrant(person="ana", role="approver")], now=NOW)
    assert not may(Actor(id="ana", name="zoe"), "release.approve", LATE, declared).allowed
    allowed = may(Actor(id=ANA, name="ana"), "release.approve", LATE, declared)
    assert allowed.allowed
    assert may(Actor(id=BO, name="bo"), "release.approve", LATE, declared).able == ("ana",)


@pytest.mark.parametrize("role", ROLE_NAMES)
def test_beside_declared_people_only_a_role_lets_anybody_erase(role: Role) -> None:
    facts = access_facts(declared=[RoleGrant(person="ana", role=role)], now=NOW)
    assert not may(Actor(id=BO, name="bo"), "erase.execute", Scope(), facts).allowed
    ana = may(Actor(id=ANA, name="ana"), "erase.execute", Scope(), facts)
    assert ana.allowed is ("erase.execute" in ROLES[role])
