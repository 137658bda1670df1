"""Tokens: which there are, and the facts that make and end them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec.structs import replace

from comporta.errors import NotFound, Refused
from comporta.records import Changes, Event, Lookup, Projection
from comporta.records.access_facts import TokenEnded, TokenMade
from comporta.records.token import Token, TokenState

LONGEST = timedelta(days=366)
"""A token that is not renewed within a year is one that nobody remembers."""
SOON = timedelta(days=7)
"""So long before its end a token is told to be ending."""
_NAME = re.compile(r"(?![0-9a-f]{12}\Z)[a-z0-9][a-z0-9_.-]{0,63}")
"""Not like an id, by which a token can be called too."""


def _on_made(fact: TokenMade, event: Event, old: Lookup[Token]) -> Changes[Token]:
    yield fact.token.id, fact.token


def _on_ended(fact: TokenEnded, event: Event, old: Lookup[Token]) -> Changes[Token]:
    if (token := old(fact.token)) is not None:
        yield fact.token, replace(token, ends=min(token.ends, max(fact.ends, event.at)))


TOKENS = Projection("token", Token, {TokenMade: _on_made, TokenEnded: _on_ended})
"""Id → the token, with the time at which it ends."""


def valid_tokens(tokens: Iterable[Token], now: datetime) -> tuple[Token, ...]:
    """Those that have not ended, by name; of one name the newest first."""
    left = sorted((each for each in tokens if each.ends > now), key=lambda each: each.at, reverse=True)
    return tuple(sorted(left, key=lambda each: each.name))


def token_state(token: Token, known: Iterable[Token], now: datetime) -> TokenState:
    """How it counts now. known: every token so far."""
    if token.ends <= now:
        return "ended"
    if any(each.name == token.name and each.at > token.at for each in valid_tokens(known, now)):
        return "replaced"
    return "ending" if token.ends <= now + SOON else "valid"


def make_token(token: Token, known: Iterable[Token], now: datetime) -> TokenMade:
    """The fact of a new token. known: every token so far. Raises Refused on a name that is taken or no name,
    and on an end that is past or too far off."""
    if _NAME.fullmatch(token.name) is None:
        raise Refused(
            f"token {token.name[:80]!r}: expected a name of a program in small letters, digits, `.`, `-` and "
            "`_`, such as `billing`."
        )
    if any(each.name == token.name for each in valid_tokens(known, now)):
        raise Refused(
            f"token {token.name!r}: there is a valid one of this name. Renew it: comporta token rotate "
            f"{token.name}"
        )
    if token.models and "metrics" in token.actions:
        raise Refused(f"token {token.name!r}: metrics tell of every model. Leave out --model, or metrics.")
    _require_end(token, now)
    return TokenMade(token=token)


def rotate_token(
    new: Token, known: Iterable[Token], now: datetime, overlap: timedelta
) -> tuple[TokenMade | TokenEnded, ...]:
    """The facts that put a new token in place of the valid ones of its name, which end after the overlap.
    Raises NotFound, Refused."""
    old = find_tokens(known, new.name, now)
    _require_end(new, now)
    if overlap > LONGEST:
        raise Refused(
            f"token {new.name!r}: found an overlap of {overlap.days} days, expected at most a year."
        )
    ends = (TokenEnded(token=each.id, ends=now + overlap, by=new.by) for each in old)
    return TokenMade(token=new), *ends


def revoke_token(name: str, by: str, known: Iterable[Token], now: datetime) -> tuple[TokenEnded, ...]:
    """The facts that end all valid tokens of this name, or the one of this id, at once. Raises NotFound."""
    return tuple(TokenEnded(token=each.id, ends=now, by=by) for each in find_tokens(known, name, now))


def find_tokens(known: Iterable[Token], name: str, now: datetime) -> tuple[Token, ...]:
    """The valid tokens of this name or id, the newest first. Raises NotFound where there is none."""
    valid = valid_tokens(known, now)
    found = tuple(each for each in valid if name in (each.name, each.id))
    if not found:
        names = ", ".join(sorted({each.name for each in valid})) or "none"
        raise NotFound(f"found no valid token {name[:80]!r}, expected one of: {names}.")
    return found


def _require_end(token: Token, now: datetime) -> None:
    if not now < token.ends <= now + LONGEST:
        raise Refused(
            f"token {token.name!r}: found the end {token.ends:%Y-%m-%d}, expected a day to come, at most "
            f"{LONGEST.days} days from now."
        )
