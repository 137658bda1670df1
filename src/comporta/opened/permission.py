"""The one door: each act asks here whether who acts may, before it decides and again where it records."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import msgspec

from comporta.access import (
    GRANTS,
    AccessFacts,
    facts_of,
    may,
    uncounted_approvers,
)
from comporta.access.table import READS
from comporta.errors import BadProject, Forbidden, Refused
from comporta.opened.access_phrases import PHRASES
from comporta.opened.actor import ActingPerson, acting_person
from comporta.opened.declared_access import DeclaredAccess, declared_access
from comporta.opened.lineage import versions_holding
from comporta.opened.people import identify, is_forgotten, known_before, names_of_ids
from comporta.opened.project import OpenProject
from comporta.opened.proof import ActPlace, require_proven, sign, vouch
from comporta.opened.sentences import Say, sentence
from comporta.records import Fact, Transaction, Version, View, canonical_name
from comporta.records.access import ROLE_NAMES, Action, Actor, Decision, Role, Scope
from comporta.records.act_fact import ActFact
from comporta.registry import FORGOTTEN, VERSIONS, current_version

F = TypeVar("F", bound=ActFact)
_EXAMPLE: dict[Action, Role] = {"role.grant": "admin"}
"""The role that a refusal shows, where it is not a validator's."""
NAMELESS = "somebody without a name"


class Permission:
    """Who acts, what they ask for, and the question itself, asked again wherever their act is decided."""

    def __init__(
        self,
        opened: OpenProject,
        person: ActingPerson,
        action: Action,
        scope: Scope,
        declared: DeclaredAccess,
        version: Version | None = None,
    ) -> None:
        self._opened, self._person, self._action, self._scope = opened, person, action, scope
        self._declared, self._version = declared, version
        self._now = opened.now()
        self.actor, self.name = person.actor, person.name

    def look(self, view: View) -> AccessFacts:
        """What it depends on, of the ledger as it stands in this view."""
        version = None if self._version is None else current_version(view, self._version)
        return facts_of(
            view,
            self._declared.grants,
            self._declared.proven,
            self._now,
            version,
            () if version is None else same_models(view, version),
            lambda person: is_forgotten(self._opened, person),
            lambda forgotten: known_before(self._opened, forgotten),
        )

    def require(self, facts: AccessFacts, say: Say = sentence) -> Decision:
        """The decision that lets them. Raises Forbidden, which names the rule and who could."""
        decision = may(self.actor, self._action, self._scope, facts)
        if not decision.allowed:
            raise Forbidden(self._refusal(decision, facts, say))
        return decision

    def require_still(self, tx: View) -> None:
        """Raises Forbidden in the transaction that records what they do, perhaps hours after they asked,
        where their role, or its time, is over by now."""
        self.require(msgspec.structs.replace(self.look(tx), now=self._opened.now()))

    def also(self, action: Action, scope: Scope, say: Say = sentence) -> Permission:
        """Theirs to do this too. Raises Forbidden."""
        asked = Permission(self._opened, self._person, action, scope, self._declared)
        asked.actor = self.actor
        asked.require(asked.look(self._opened.ledger), say)
        return asked

    def identify(self) -> str:
        """Their id, as facts hold it; they are entered into the directory where they are not in it. Empty for
        one who has no name."""
        if not self.actor.id and self.name:
            id = identify(self._opened, self.name).id
            self.actor = msgspec.structs.replace(self.actor, id=id)
        return self.actor.id

    def sign(self, fact: F) -> F:
        """The fact with the proof of who acts, as far as there is one."""
        if self._person.private is not None:
            return sign(fact, self._person.private, self._place, self._opened.clock())
        return vouch(fact, self.actor, self._place, self._opened.clock()) if self.actor.job else fact

    def record(self, tx: Transaction, decide: Callable[[View], Iterable[ActFact]]) -> tuple[ActFact, ...]:
        """The facts of a decision, appended in this transaction, signed: asked once they still may. Raises
        Forbidden, Refused."""
        self.require_still(tx)
        facts = tuple(map(self.sign, decide(tx)))
        for each in facts:
            self._require_proven(tx, each)
            tx.append(each)
        return facts

    def admit(self, tx: View, fact: Fact) -> None:
        """Raises, inside the transaction that appends it: Forbidden where they may not any more, Refused
        where its proof does not hold."""
        if isinstance(fact, ActFact):
            self.require_still(tx)
            self._require_proven(tx, fact)

    def _require_proven(self, tx: View, fact: ActFact) -> None:
        id, ledger = self.actor.id, self._opened.ledger
        if id and (tx.get(FORGOTTEN, id) is not None or ledger.others(FORGOTTEN, id)):
            raise Refused(
                f"{fact.kind}: {self.name!r} was forgotten meanwhile, so nothing is recorded of them."
            )
        require_proven(tx, fact, self.actor.id, self._place, self._opened.clock())

    def append(self, fact: ActFact) -> None:
        """Records the act in one transaction, in which they still may. Raises Forbidden, Refused."""
        self.append_decided(lambda view: (fact,))

    def append_decided(self, decide: Callable[[View], Iterable[ActFact]]) -> None:
        """Records what is decided of the ledger as it stands in the transaction that appends it. Raises as
        `append`."""
        self._opened.ledger.transact(lambda tx: self.record(tx, decide))

    def uncounted_approvers(self, version: Version, facts: AccessFacts) -> frozenset[str]:
        """Those of the version's approvers who may not approve it now, or who release it themselves.
        facts: of `look`."""
        names = names_of_ids(self._opened) if version.approvals else {}
        known = {id: canonical_name(name) for id, name in names.items()}
        me = self.actor.id or self.actor.name
        releasing = me if self._action == "release.execute" else ""
        return uncounted_approvers(version, facts, lambda id: known.get(id, ""), releasing=releasing)

    def _refusal(self, decision: Decision, facts: AccessFacts, say: Say) -> str:
        """Who may not do what, who could, by which rule, and where that is declared."""
        names = names_of_ids(self._opened)
        ids = {canonical_name(name): id for id, name in names.items()}
        # Whom the file declares is there by name; what they did is known of their id.
        able = [
            each
            for each in decision.able
            if may(
                Actor(id=ids.get(each, each), name=each, proof="key"), self._action, self._scope, facts
            ).allowed
        ]
        where = "Roles are granted by: comporta people add NAME --role ROLE"
        if facts.governance == "file":
            names |= {canonical_name(each.name): each.name for each in self._opened.project.people}
        if facts.governance != "ledger":
            role = _EXAMPLE.get(self._action, "validator")
            where = f"Who may is declared: Project(people=(Person('ana', {role!r}), …))."
        return (
            f"{self.name or NAMELESS!r} may not {PHRASES[self._action]}, expected one of: "
            f"{', '.join(names.get(each, each) for each in able) or 'nobody yet'}. "
            f"The rule: {say(decision.why)}. {where}"
        )

    @property
    def _place(self) -> ActPlace:
        return ActPlace(project=self._opened.ledger.project, key=self._opened.keys.fingerprint)


def permission(
    opened: OpenProject,
    action: Action,
    *,
    by: str = "",
    dataset: str = "",
    model: str = "",
    version: Version | None = None,
    nameless: bool = False,
    say: Say = sentence,
) -> Permission:
    """Who acts, where they may. by: the name that is claimed, or empty. version: on which it is done, and
    whose history counts. nameless: see `acting_person`. Raises Forbidden, naming the rule and who
    could; BadProject on a name."""
    scope = Scope(dataset=dataset, model=model if version is None else version.model)
    person = acting_person(opened, by, nameless=nameless)
    declared = declared_access(opened, action)
    asked = Permission(opened, person, action, scope, declared, version)
    asked.require(asked.look(opened.ledger), say)
    return asked


def require_permission(opened: OpenProject, action: Action, *, dataset: str = "", model: str = "") -> None:
    """Raises Forbidden unless who is logged in may do this. Of what only reads, nobody is asked for a name
    where no role was granted."""
    if action in READS and not opened.ledger.scan(GRANTS, limit=1):
        return
    permission(opened, action, dataset=dataset, model=model, nameless=True)


def permitted_models(opened: OpenProject, action: Action, models: Iterable[str]) -> list[str]:
    """Those of these models on which who is logged in may do this: a role may be for one alone. Raises
    Forbidden where there is none."""
    names = list(models)
    if action in READS and not opened.ledger.scan(GRANTS, limit=1):
        return names
    person = acting_person(opened, nameless=True)
    asked = Permission(opened, person, action, Scope(), declared_access(opened, action))
    facts = asked.look(opened.ledger)
    found = [each for each in names if may(asked.actor, action, Scope(model=each), facts).allowed]
    if not found:
        asked.require(facts)
    return found


def same_models(view: View, version: Version) -> tuple[Version, ...]:
    """The versions whose model is this one's, byte for byte, under whatever name."""
    model = version.parts.get("model")
    keys: Iterable[str] = () if model is None else versions_holding(view, model, "model")
    return tuple(each for key in keys if (each := view.get(VERSIONS, key)) is not None)


def acting_role(asked: Permission, facts: AccessFacts, decision: Decision, role: str) -> str:
    """The role in which an act is recorded. role: as claimed; it counts where nobody is declared.

    Raises BadProject on a role that is none of theirs, or none at all."""
    named = role.strip()
    if facts.governance == "nobody":
        if named and named not in ROLE_NAMES:
            raise BadProject(f"--role: found {named!r}, expected one of: {', '.join(ROLE_NAMES)}.")
        return named
    if named and named != decision.role:
        raise BadProject(
            f"--role: found {named!r}, expected {decision.role!r}, as the project declares for {asked.name}. "
            "Leave it out."
        )
    return decision.role
