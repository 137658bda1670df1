"""What the ledger says that somebody did to a version, and whose approvals of it count."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from msgspec.structs import replace

from comporta.access.decide import may
from comporta.access.facts import NOTHING_DONE, AccessFacts, Duties, access_facts
from comporta.access.state import DENIALS, GRANTING, GRANTS, HISTORIES, PERSON_KEYS, ModelHistory
from comporta.records.access import Action, ActionDenial, Actor, ProofKind, RoleGrant, Scope
from comporta.records.event import View
from comporta.records.identity import is_person_id
from comporta.records.version import Version


def facts_of(
    view: View,
    declared: Iterable[RoleGrant],
    proven: frozenset[Action],
    now: datetime,
    version: Version | None = None,
    twins: Iterable[Version] = (),
    gone: Callable[[str], bool] = lambda person: False,
    elders: Callable[[frozenset[str]], frozenset[str]] = lambda forgotten: frozenset(),
) -> AccessFacts:
    """All that `may` reads, of the ledger as it stands. declared: by the project's file. version, twins,
    elders: see `duties_of`. gone: whether a person was forgotten, whose roles and keys are nobody's."""
    roles = [each for _, each in view.scan(GRANTS)]
    return access_facts(
        declared=declared,
        granted=[
            RoleGrant(person=each.person, role=each.role, scope=each.scope, until=each.until)
            for each in roles
            if not gone(each.person)
        ],
        denied=[
            ActionDenial(person=each.person, action=each.action, scope=each.scope)
            for _, each in view.scan(DENIALS)
        ],
        keyed=frozenset(each.person for _, each in view.scan(PERSON_KEYS)),
        proven=proven,
        governed=bool(roles),
        duties=NOTHING_DONE if version is None else duties_of(view, version, twins, gone, elders),
        now=now,
    )


def duties_of(
    view: View,
    version: Version,
    twins: Iterable[Version] = (),
    gone: Callable[[str], bool] = lambda person: False,
    elders: Callable[[frozenset[str]], frozenset[str]] = lambda forgotten: frozenset(),
) -> Duties:
    """What people did to this version. twins: those of the same model, byte for byte, whatever their names:
    who trained one of them trained it. gone: whether a person was forgotten. elders: ids of those who were
    known before all of these were forgotten, so that they are others."""
    history = view.get(HISTORIES, version.model) or ModelHistory()
    number = str(version.number)
    since = history.registered.get(number, 0)
    policies = {version.policy, version.judged_by, *history.policies.get(number, ())} - {*history.released}
    trained = _ids(person for each in (version, *twins) for person in each.trained_by)
    edited = _ids(history.editors.get(policy, "") for policy in policies)
    requested = _ids(history.requested.get(number, ()))
    granted = _ids(person for person, each in view.scan(GRANTING) if each.seq > since)
    forgotten = frozenset(filter(gone, trained | edited | requested | granted))
    return Duties(
        trained=trained,
        edited=edited,
        requested=requested,
        granted=granted,
        signed=_ids(history.signed.get(number, ())),
        unnamed=bool(forgotten),
        elders=elders(forgotten) if forgotten else frozenset(),
    )


def uncounted_approvers(
    version: Version, facts: AccessFacts, names: Callable[[str], str], *, releasing: str = ""
) -> frozenset[str]:
    """Those of its approvers who may not approve it now: their role ended, or what they did since bars them.
    names: id → name as it is compared, or empty. releasing: who is about to release it, and so asks for its
    release where nobody else did. Where nobody is declared, every approval counts."""
    if facts.governance == "nobody":
        return frozenset()
    scope = Scope(model=version.model)
    # A key that they were given since does not undo what they approved by name before.
    then = replace(facts, keyed=frozenset())
    asking = {releasing} if releasing and not facts.duties.requested else set[str]()
    return frozenset(
        by
        for by in version.approvers()
        if by in asking or not may(_approver(by, names, facts.duties), "release.approve", scope, then).allowed
    )


def _approver(by: str, names: Callable[[str], str], duties: Duties) -> Actor:
    """Whoever approved, by the proof that was there."""
    proof: ProofKind = "key" if by in duties.signed else "claimed"
    return Actor(id=by, name=names(by), proof=proof) if is_person_id(by) else Actor(name=by, proof=proof)


def _ids(people: Iterable[str]) -> frozenset[str]:
    return frozenset(each for each in people if each)
