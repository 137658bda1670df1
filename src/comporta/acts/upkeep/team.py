"""Who is in the team: roles, denials, keys and CI systems; each change is a fact by somebody who may."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial

from comporta.access import (
    DENIALS,
    GRANTS,
    PERSON_KEYS,
    AccessFacts,
    IssuerRule,
    add_key,
    deny,
    grant,
    granting_state,
    issuer_rule,
    require_granting,
    revoke,
    revoke_key,
)
from comporta.access.state import PersonKey
from comporta.errors import BadProject, NotFound, Refused
from comporta.opened.actor import require_in_person
from comporta.opened.dataset_versions import DATASETS
from comporta.opened.people import find, identify, is_forgotten, names_of_ids
from comporta.opened.permission import Permission, permission
from comporta.opened.project import OpenProject
from comporta.records import Record, Transaction, View, encode, is_person_id
from comporta.records.access import ACTIONS, ROLE_NAMES, Action, Role, Scope
from comporta.records.access_facts import (
    ActionDenied,
    IssuerTrusted,
    RoleGranted,
)
from comporta.records.act_fact import ActFact
from comporta.records.identity import is_service_id
from comporta.registry import MODELS

_KEY = re.compile("[0-9a-f]{64}")
NEW_SERVICE = "service-"
"""Stands for the id of a service account that is not in the directory yet."""
Decide = Callable[[View, AccessFacts, str, str], Iterable[ActFact]]
"""(the ledger as it stands, who may, the person's id, the id of who does it) → the facts of a change."""


class TeamChange(Record, frozen=True, kw_only=True):
    """What was recorded of one person, by kind of fact. id: theirs, or of the service account."""

    id: str
    name: str
    facts: tuple[str, ...]


def add_person(
    opened: OpenProject,
    name: str,
    *,
    roles: Sequence[str] = (),
    key: str = "",
    model: str = "",
    dataset: str = "",
    until: datetime | None = None,
    service: bool = False,
    by: str = "",
) -> TeamChange:
    """Somebody in these roles, and with this key. key: the public one, 64 hex digits. model, dataset: the
    roles are for it alone. until: when they end. Raises Forbidden; Refused, as `grant` and `add_key`;
    BadProject."""
    wanted, scope = _roles(roles), _scope(opened, model, dataset)
    if key and not _KEY.fullmatch(key):
        raise BadProject(
            f"--key: found {len(key)} characters, expected 64 hex digits, as `comporta people key` prints."
        )
    if not (wanted or key or service):
        raise BadProject("found no --role, --key or --service, expected at least one of them.")
    who = permission(opened, "role.grant", by=by)
    if key:
        require_in_person("a key")

    def decide(view: View, access: AccessFacts, id: str, acting: str) -> Iterable[ActFact]:
        grants = _grants(view)
        for role in wanted:
            fact = grant(id, role, by=acting, now=opened.now(), grants=grants, scope=scope, until=until)
            grants = [*grants, fact]
            yield fact
        if key:
            keys = [each for _, each in view.scan(PERSON_KEYS)]
            signed, governed = who.actor.proof == "key", access.governance == "ledger" or bool(grants)
            yield add_key(id, key, by=acting, signed=signed, governed=governed, keys=keys)

    return _record(opened, who, name, decide, service=service)


def revoke_person(
    opened: OpenProject,
    name: str,
    *,
    roles: Sequence[str] = (),
    key: str = "",
    model: str = "",
    dataset: str = "",
    by: str = "",
) -> TeamChange:
    """What somebody had ends at once: these roles, or this key; with neither named, all of both. key: the
    first digits of it. Raises Forbidden; Refused, as `revoke`; NotFound."""
    wanted, scope = _roles(roles), Scope(model=model, dataset=dataset)
    who = permission(opened, "role.grant", by=by)
    id = _known_id(opened, name)

    def decide(view: View, access: AccessFacts, id: str, acting: str) -> Iterable[ActFact]:
        grants = _grants(view)
        mine = [each for each in grants if each.person == id]
        everything = not wanted and not key
        for role, where in (
            [(each.role, each.scope) for each in mine] if everything else [(role, scope) for role in wanted]
        ):
            fact = revoke(id, role, by=acting, grants=grants, scope=where)
            grants = [each for each in grants if (each.person, each.role, each.scope) != (id, role, where)]
            yield fact
        keys = _valid_keys(view, id)
        if key:
            keys = [each for each in keys if each.key.startswith(key)]
            if not keys:
                raise NotFound(f"found no valid key {key[:16]!r} of {name}. See: comporta people list --json")
        # The key that signs this goes last: it proves nothing afterwards.
        keys.sort(key=lambda each: each.key == who.actor.key)
        signed, governed = who.actor.proof == "key", access.governance == "ledger"
        for each in keys if everything or key else ():
            yield revoke_key(each, by=acting, signed=signed, governed=governed)

    return _record(opened, who, name, decide, id=id)


def deny_person(
    opened: OpenProject,
    name: str,
    action: str,
    *,
    model: str = "",
    dataset: str = "",
    lift: bool = False,
    by: str = "",
) -> TeamChange:
    """Somebody may not do this whatever their roles; lift: they may again. Raises Forbidden; Refused, as
    `deny`; NotFound."""
    if action not in ACTIONS:
        raise BadProject(f"found the action {action!r}, expected one of: {', '.join(ACTIONS)}.")
    denied: Action = action
    who = permission(opened, "role.grant", by=by)
    # A denial that stands already is lifted also of a model that is gone since.
    id = _known_id(opened, name)
    scope = Scope(model=model, dataset=dataset) if lift else _scope(opened, model, dataset)

    def decide(view: View, access: AccessFacts, id: str, acting: str) -> Iterable[ActFact]:
        denials: list[ActionDenied] = [each for _, each in view.scan(DENIALS)]
        yield deny(id, denied, by=acting, grants=_grants(view), denials=denials, scope=scope, lift=lift)

    return _record(opened, who, name, decide, id=id)


def trust_issuer(
    opened: OpenProject,
    name: str,
    *,
    issuer: str,
    audience: str,
    claims: Mapping[str, str],
    jwks: bytes,
    by: str = "",
) -> TeamChange:
    """The jobs of a CI system act as this service account, where their signed token says what the rule asks.
    jwks: the issuer's public keys, which are kept. Raises Forbidden, BadProject."""
    require_in_person("an issuer of tokens")
    rule: IssuerRule = issuer_rule(issuer, audience, claims, jwks)
    who = permission(opened, "role.grant", by=by)
    stored = opened.context.put(encode(rule), "json")

    def decide(view: View, access: AccessFacts, id: str, acting: str) -> Iterable[ActFact]:
        known = view.get(PERSON_KEYS, stored.digest)
        if known is not None:
            raise Refused(
                f"{name}: this very rule is there already{' and was revoked' if known.until else ''}."
            )
        yield IssuerTrusted(person=id, rule=stored, by=acting)

    return _record(opened, who, name, decide, service=True)


def _record(
    opened: OpenProject,
    who: Permission,
    name: str,
    decide: Decide,
    *,
    id: str = "",
    service: bool = False,
) -> TeamChange:
    """What was decided, recorded in one transaction in which they still may. id: the person's; empty: of this
    name, entered into the directory where it is not in it. Raises Refused, also where it is a person's name
    and a service account was meant."""
    entry = None if id else find(opened, name)
    if service and entry is not None and not is_service_id(entry.id):
        raise Refused(f"{name}: found a person of this name, expected another name for a service account.")
    there = id or ("" if entry is None else entry.id) or (NEW_SERVICE if service else "")
    # Refused before anybody is entered into the directory.
    list(decide(opened.ledger, who.look(opened.ledger), there, who.actor.id))
    gone = partial(is_forgotten, opened)
    known, acting = id or identify(opened, name, service=service).id, who.identify()

    def commit(tx: Transaction) -> tuple[str, ...]:
        before = granting_state(tx, gone)
        facts = who.record(tx, lambda view: decide(view, who.look(view), known, acting))
        require_granting(before, granting_state(tx, gone))
        return tuple(each.kind for each in facts)

    return TeamChange(id=known, name=name, facts=opened.ledger.transact(commit))


def _known_id(opened: OpenProject, name: str) -> str:
    if is_person_id(name):
        if name not in _every_id(opened):
            raise NotFound(f"found nobody with the id {name!r}. See: comporta people list")
        return name
    found = find(opened, name)
    if found is None:
        raise NotFound(f"found nobody called {name!r} in the directory. See: comporta people list")
    return found.id


def _every_id(opened: OpenProject) -> set[str]:
    """Of the directory, and of those whom nobody can name any more but who have something to end."""
    view = opened.ledger
    roles = {each.person for _, each in view.scan(GRANTS)}
    denied = {each.person for _, each in view.scan(DENIALS)}
    return {*names_of_ids(opened), *roles, *denied, *(each.person for _, each in view.scan(PERSON_KEYS))}


def _scope(opened: OpenProject, model: str, dataset: str) -> Scope:
    """Of this model or dataset; empty: of all. Raises NotFound for one that is neither declared nor has
    versions; BadProject for both at once, which no action is on."""
    if model and dataset:
        raise BadProject("found --model and --dataset, expected one of them: each role for itself.")
    project, ledger = opened.project, opened.ledger
    if model:
        models = {each.name for each in project.models} | {name for name, _ in ledger.scan(MODELS)}
        _require_known("model", model, models)
    if dataset:
        datasets = {*project.tables(), *(fact.dataset for _, fact in ledger.scan(DATASETS))}
        _require_known("dataset", dataset, datasets)
    return Scope(model=model, dataset=dataset)


def _require_known(kind: str, name: str, known: set[str]) -> None:
    if name not in known:
        there = ", ".join(sorted(known)) or "none yet"
        raise NotFound(f"--{kind}: found no {kind} {name[:80]!r}, expected one of: {there}.")


def _roles(roles: Sequence[str]) -> list[Role]:
    for each in roles:
        if each not in ROLE_NAMES:
            raise BadProject(f"--role: found {each!r}, expected one of: {', '.join(ROLE_NAMES)}.")
    return list(dict.fromkeys(roles))  # type: ignore[arg-type]


def _grants(view: View) -> list[RoleGranted]:
    return [each for _, each in view.scan(GRANTS)]


def _valid_keys(view: View, person: str) -> list[PersonKey]:
    return [each for _, each in view.scan(PERSON_KEYS) if each.person == person and not each.until]
