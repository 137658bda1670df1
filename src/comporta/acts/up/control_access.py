"""Who asks the control process: the tokens that count there, and the person behind each."""

from __future__ import annotations

from comporta.acts.serve.signed_routes import SignedRoutes
from comporta.errors import Forbidden
from comporta.opened.actor import ActingPerson
from comporta.opened.people import is_forgotten, name_of_id
from comporta.opened.project import OpenProject
from comporta.records import canonical_name
from comporta.records.access import Actor
from comporta.records.token import Token
from comporta.registry.tokens import TOKENS, valid_tokens


class ControlTokens:
    """The tokens of a project, checked against its signed events."""

    def __init__(self, opened: OpenProject) -> None:
        self._opened, self._signed = opened, SignedRoutes(opened)

    def read(self) -> tuple[Token, ...]:
        """Those that count now. Raises Tampered where one is not what its events say."""
        found = valid_tokens((each for _, each in self._opened.ledger.scan(TOKENS)), self._opened.now())
        self._signed.require_tokens(found)
        return found


def person_of(opened: OpenProject, token: Token) -> ActingPerson:
    """Whoever made the token, by whose roles it acts. What is recorded of it has no proof by a key: a token
    is a secret that a program holds. Raises Forbidden where they were forgotten since."""
    if not token.by:
        return ActingPerson(Actor(), "")
    if is_forgotten(opened, token.by):
        raise Forbidden(
            f"the token {token.name!r} was made by somebody who was forgotten. Ask for a new one."
        )
    name = name_of_id(opened, token.by)
    return ActingPerson(Actor(id=token.by, name=canonical_name(name)), name)
