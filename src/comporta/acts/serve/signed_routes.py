"""Whether what the server is about to follow is what the signed events say, not only what a table says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from comporta.errors import Tampered
from comporta.ledger.signed_states import SignedStates
from comporta.opened.project import OpenProject
from comporta.records import Fact, Route, Version
from comporta.records.access_facts import TokenEnded, TokenMade
from comporta.records.facts import (
    VersionApproved,
    VersionJudged,
    VersionRegistered,
    VersionReleased,
    VersionWaived,
)
from comporta.records.token import Token
from comporta.registry import VERSIONS, version_key
from comporta.registry.tokens import TOKENS
from comporta.release import ROUTES


class SignedRoutes:
    """The routes, versions and tokens that the events make, compared with those that the projections hold."""

    def __init__(self, opened: OpenProject) -> None:
        self._events = SignedStates(opened.ledger, opened.keys.chain, _names)
        self._confirmed: dict[str, Route] = {}
        self._confirmed_tokens: Sequence[Token] = ()

    def require_routes(self, routes: Mapping[str, Route]) -> None:
        """Raises Tampered unless each route is what the releases made it. Asks the events only of a route
        that is another than when this was asked last."""
        changed = {model: route for model, route in routes.items() if self._confirmed.get(model) != route}
        if changed:
            self._events.renew()
        for model, route in changed.items():
            if self._events.state(ROUTES, f"route {model}", model) != route:
                raise _edited_error(f"the route of {model}")
            self._confirmed[model] = route

    def require_tokens(self, tokens: Sequence[Token]) -> None:
        """Raises Tampered unless each token, its end included, is what its events made it."""
        if tokens == self._confirmed_tokens:
            return
        self._events.renew()
        for token in tokens:
            if self._events.state(TOKENS, f"token {token.id}", token.id) != token:
                raise _edited_error(f"the token {token.name}")
        self._confirmed_tokens = tokens

    def require_version(self, version: Version) -> None:
        """Raises Tampered unless the version, its state and the digests of its parts included, is what the
        events made it."""
        key = version_key(version.model, version.number)
        self._events.renew()
        if self._events.state(VERSIONS, key, key) != version:
            raise _edited_error(version.id)


def _names(fact: Fact) -> Iterator[str]:
    """The routes, versions and tokens that a fact changes."""
    if isinstance(fact, VersionRegistered):
        yield version_key(fact.version.model, fact.version.number)
    elif isinstance(fact, VersionJudged | VersionWaived | VersionApproved):
        yield version_key(fact.model, fact.number)
    elif isinstance(fact, TokenMade):
        yield f"token {fact.token.id}"
    elif isinstance(fact, TokenEnded):
        yield f"token {fact.token}"
    elif isinstance(fact, VersionReleased):
        release = fact.release
        yield f"route {release.model}"
        for number in {share.version for share in release.shares} | set(release.retired):
            yield version_key(release.model, number)


def _edited_error(what: str) -> Tampered:
    return Tampered(
        f"{what} is not as its signed events made it: the ledger's tables were edited. "
        "`comporta audit verify` names what was changed; what serves goes on until it is repaired."
    )
