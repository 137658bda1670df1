"""`may`: whether somebody may do something, by which rule, and who else could. Pure."""

from __future__ import annotations

from comporta.access.codes import (
    ADMIN,
    BY_EVERYBODY,
    BY_ROLE,
    DENIED,
    EDITED,
    GRANTED,
    KEY_EXPECTED,
    NEWCOMER,
    NO_ROLE,
    NOBODY_DECLARED,
    PROOF_EXPECTED,
    REQUESTED,
    SERVICE,
    TRAINED,
)
from comporta.access.facts import EVERYBODY, AccessFacts, Right
from comporta.access.table import READS, ROLES
from comporta.records.access import ACTIONS, Action, Actor, Decision, Scope
from comporta.records.identity import is_service_id
from comporta.records.message import Code, Text

PEOPLE_ALONE = frozenset[Action]({"release.approve", "verdict.waive"})
"""What no service account does, whatever its roles."""

_WHOLE = " (the whole project)"
MOST_NAMED = 5
"""The most who are named in a refusal."""


def may(actor: Actor, action: Action, scope: Scope, facts: AccessFacts) -> Decision:
    """Whether the actor may do this there. A denial beats every role; then what they did before counts
    (`Duties`), whatever their roles; then proof of who they are."""
    who = (actor.id, actor.name)
    right = _right(who, action, scope, facts)
    why = _objection(actor, action, scope, facts, right)
    if why is not None:
        return Decision(allowed=False, why=why, able=_able(who, action, scope, facts))
    return _BY_EVERYBODY[action] if right is None else _BY_ROLE[right.role, action]


# Made once: at a door that is asked for each request, a message each time is what costs most.
_BY_EVERYBODY = {each: Decision(allowed=True, why=BY_EVERYBODY(action=each)) for each in ACTIONS}
_BY_ROLE = {
    (role, action): Decision(allowed=True, why=BY_ROLE(role=role, action=action), role=role)
    for role, actions in ROLES.items()
    for action in actions
}


def _objection(
    actor: Actor, action: Action, scope: Scope, facts: AccessFacts, right: Right | None
) -> Text | None:
    """The rule by which they may not, or None."""
    if (rule := _bar((actor.id, actor.name), action, scope, facts)) is not None:
        values = {"action": action, "scope": _where(scope)}
        return rule(**{name: values[name] for name in rule.values})
    if _may_be_who_was_forgotten(actor.id, action, facts):
        return NEWCOMER()
    if right is None and action not in EVERYBODY[facts.governance]:
        if facts.governance == "nobody":
            return NOBODY_DECLARED(action=action)
        mine = facts.rights.get(actor.name if facts.governance == "file" else actor.id, {})
        # Who has such a role for a part is told what they lack.
        return NO_ROLE(action=action, scope=_where(scope) or (_WHOLE if mine.get(action) else ""))
    if actor.proof == "claimed":
        if action in facts.proven:
            return PROOF_EXPECTED()
        if actor.id in facts.keyed and action not in READS:
            return KEY_EXPECTED()
    return None


def _bar(who: tuple[str, str], action: Action, scope: Scope, facts: AccessFacts) -> Code | None:
    """The rule that no role of theirs overcomes, or None."""
    denied = facts.denials.get(who[0])
    # What is on the whole project is on what was denied of it too.
    if denied is not None and any(each.overlaps(scope) for each in denied.get(action, ())):
        return DENIED
    if action not in PEOPLE_ALONE:
        return None
    if is_service_id(who[0]):
        return SERVICE
    # On a laptop where nobody is declared one person does it all.
    return None if facts.governance == "nobody" else _duty(who, action, scope, facts)


def _duty(who: tuple[str, str], action: Action, scope: Scope, facts: AccessFacts) -> Code | None:
    """What they did before that bars them from it, or None."""
    duties, id = facts.duties, who[0]
    if id in duties.trained:
        return TRAINED
    if id in duties.edited:
        return EDITED
    if action != "release.approve":
        return None
    if id in duties.requested:
        return REQUESTED
    if id in duties.granted:
        return GRANTED
    return None if _right(who, "role.grant", scope, facts) is None else ADMIN


def _may_be_who_was_forgotten(id: str, action: Action, facts: AccessFacts) -> bool:
    """Whether they came after somebody left whose duties bar them: the same name has another id then."""
    judges = action in PEOPLE_ALONE and facts.governance != "nobody"
    return judges and facts.duties.unnamed and id not in facts.duties.elders


def _right(who: tuple[str, str], action: Action, scope: Scope, facts: AccessFacts) -> Right | None:
    """A right of theirs to this action there that has not ended, or None."""
    # The file declares names, the ledger ids: what is the one is never taken for the other.
    id, name = who
    mine = facts.rights.get(name if facts.governance == "file" else id)
    if mine is None:
        return None
    for right in mine.get(action, ()):
        if right.scope.covers(scope) and (right.until is None or right.until > facts.now):
            return right
    return None


def _able(who: tuple[str, str], action: Action, scope: Scope, facts: AccessFacts) -> tuple[str, ...]:
    """Who could, by id or name; at most five."""
    found: list[str] = []
    for person in facts.holders.get(action, ()):
        other = ("", person) if facts.governance == "file" else (person, "")
        if person in who or _bar(other, action, scope, facts) is not None:
            continue
        if _right(other, action, scope, facts) is not None:
            found.append(person)
            if len(found) == MOST_NAMED:
                break
    return tuple(found)


def _where(scope: Scope) -> str:
    return f" ({scope.text})" if scope.text else ""
