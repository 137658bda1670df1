"""Make, list, renew and revoke the tokens by which programs ask a server."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from msgspec.structs import replace

from comporta.http.bearer import new_token
from comporta.opened.actor import acting_person, require_in_person
from comporta.opened.permission import Permission, permission, permitted_models
from comporta.opened.project import OpenProject
from comporta.records import View
from comporta.records.access import Action, Scope
from comporta.records.token import USUAL_ACTIONS, Quota, Token, TokenAction, TokenState
from comporta.registry.tokens import (
    TOKENS,
    find_tokens,
    make_token,
    revoke_token,
    rotate_token,
    token_state,
    valid_tokens,
)

PERSONAL: tuple[TokenAction, ...] = ("act",)
"""The actions of a token that stands for its maker and for nothing else."""
DAYS = 90
"""How long a token counts, unless it is said."""


class MadeToken(NamedTuple):
    """text: the token itself, which is shown once and kept nowhere. before_ends: when the one before it
    counts no more."""

    token: Token
    text: str
    before_ends: datetime | None = None


def add(
    opened: OpenProject,
    name: str,
    *,
    models: Sequence[str] = (),
    actions: Sequence[TokenAction] = USUAL_ACTIONS,
    ends: datetime | None = None,
    quota: Quota | None = None,
    label_only: bool = False,
    decimals: int | None = None,
    by: str = "",
) -> MadeToken:
    """A new token. name: of the program that will show it. models: empty: every one. ends: None: in 90 days.
    label_only: answers to it tell nothing of the probability. decimals: or so many of it. Raises NotFound on
    a model that is not declared; Refused on a name that is taken, or an end that is past or more than a year
    off; Forbidden, also where a token would make one that acts."""
    who = _may_issue(opened, models, by, personal=tuple(actions) == PERSONAL)
    _require_in_person(actions)
    for each in models:
        opened.model(each)
    now, made = opened.now(), new_token(secrets.token_bytes)
    token = Token(
        id=made.id,
        name=name,
        digest=made.digest,
        models=tuple(models),
        actions=tuple(actions),
        at=now,
        ends=ends or now + timedelta(days=DAYS),
        quota=quota or Quota(),
        label_only=label_only,
        decimals=decimals,
    )
    make_token(token, _all(opened.ledger), now)  # refused before anybody is written down
    issued = replace(token, by=who.identify())
    who.append_decided(lambda view: (make_token(issued, _all(view), now),))
    return MadeToken(issued, made.text)


def rotate(
    opened: OpenProject,
    name: str,
    *,
    ends: datetime | None = None,
    overlap: timedelta = timedelta(0),
    by: str = "",
) -> MadeToken:
    """A new token with the scope of the valid one of this name, which ends after the overlap. ends: None: as
    long from now as the old one was for. Raises NotFound, Refused, Forbidden."""
    who = _may_renew(opened, name, by)
    now, made = opened.now(), new_token(secrets.token_bytes)
    old = find_tokens(_all(opened.ledger), name, now)[0]
    _require_in_person(old.actions)
    span = old.ends - old.at
    new = replace(old, id=made.id, digest=made.digest, at=now, ends=ends or now + span)
    rotate_token(new, _all(opened.ledger), now, overlap)
    issued = replace(new, by=who.identify())
    who.append_decided(lambda view: rotate_token(issued, _all(view), now, overlap))
    return MadeToken(issued, made.text, min(old.ends, now + overlap))


def revoke(opened: OpenProject, name: str, *, by: str = "") -> tuple[Token, ...]:
    """The tokens of this name, or of this id, that ended now: running servers let them in no more within a
    second. Raises NotFound."""
    who = _may_renew(opened, name, by)
    now = opened.now()
    found = find_tokens(_all(opened.ledger), name, now)
    id = who.identify()
    who.append_decided(lambda view: revoke_token(name, id, _all(view), now))
    return tuple(replace(each, ends=now) for each in found)


def tokens(opened: OpenProject) -> tuple[Token, ...]:
    """Every token that was ever made, by id; to who may audit some models alone, those for none but them."""
    every = _all(opened.ledger)
    named = dict.fromkeys(model for each in every for model in each.models)
    mine = set(permitted_models(opened, "audit.read", ["", *named]))
    return tuple(each for each in every if "" in mine or (each.models and mine.issuperset(each.models)))


def valid(opened: OpenProject) -> tuple[Token, ...]:
    """The tokens that count now, by name."""
    return valid_tokens(tokens(opened), opened.now())


def states(opened: OpenProject) -> dict[str, TokenState]:
    """How each of these tokens counts now, by its id."""
    known, now = tokens(opened), opened.now()
    return {each.id: token_state(each, known, now) for each in known}


def _may_issue(opened: OpenProject, models: Sequence[str], by: str, *, personal: bool = False) -> Permission:
    """Who issues a token for these models, each of which must be theirs; for every one, where none is named.
    personal: it does no more than they may themselves, so whoever may see versions makes their own. Raises
    Forbidden."""
    action: Action = "version.read" if personal else "token.issue"
    first, *others = models or ("",)
    who = permission(opened, action, by=by, model=first)
    for each in others:
        who.also(action, Scope(model=each))
    return who


def _require_in_person(actions: Sequence[TokenAction]) -> None:
    """Raises Forbidden where a token would make one that acts."""
    if "act" in actions:
        require_in_person("a token that acts")


def _may_renew(opened: OpenProject, name: str, by: str) -> Permission:
    """Who renews or ends the tokens of this name or id: whoever issues tokens, and of one's own personal ones
    oneself. Raises Forbidden."""
    found = [each for each in valid_tokens(_all(opened.ledger), opened.now()) if name in (each.name, each.id)]
    models = _models_of(found)
    if found and all(each.actions == PERSONAL and each.by for each in found):
        me = acting_person(opened, by, nameless=True).actor.id
        if all(each.by == me for each in found):
            return _may_issue(opened, models, by, personal=True)
    return _may_issue(opened, models, by)


def _models_of(tokens: Sequence[Token]) -> tuple[str, ...]:
    """All that these are for; none: every one, or there is no such token."""
    found = [each.models for each in tokens]
    return tuple(sorted({model for models in found for model in models})) if all(found) else ()


def _all(view: View) -> tuple[Token, ...]:
    return tuple(each for _, each in view.scan(TOKENS))
