"""A token: what a program shows to be let in, for some models and actions, until a day."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from comporta.records.record import Record

TokenAction = Literal["predict", "feedback", "metadata", "metrics", "features", "act"]
"""`features`: what is known of any key. It is none of the usual ones, as answers tell less than that.
`act`: what the person who made the token may do, at the control process; no server lets it do anything."""
TOKEN_ACTIONS: tuple[TokenAction, ...] = ("predict", "feedback", "metadata", "metrics", "features", "act")
TokenState = Literal["valid", "ending", "replaced", "ended"]
"""How a token counts: `ending` within a week; `replaced` by a newer one of its name, until it ends."""
USUAL_ACTIONS: tuple[TokenAction, ...] = ("predict", "feedback", "metadata")
"""What a token is for, unless it is said."""


class Quota(Record, frozen=True, kw_only=True, omit_defaults=True):
    """How much a token may ask of one server, counted in the minute and in the day (UTC), and how many of its
    requests may wait for their answer at once. 0: as much as it likes."""

    requests_a_minute: int = 0
    rows_a_minute: int = 0
    requests_a_day: int = 0
    rows_a_day: int = 0
    requests_at_once: int = 0


class Token(Record, frozen=True, kw_only=True, omit_defaults=True):
    """A token as it is kept: its secret is not in it.

    id: 12 hex digits, a part of the token's text. name: what people call it; two that are valid at once share
    it while one takes the other's place. digest: SHA-256 of the secret, hex. models: that it may be used for;
    empty: every one. actions: that it may be used for. at, ends: when it was made, and from when on
    it counts no longer. label_only, decimals: what an answer to it tells less than to others: nothing of the
    probability, or so many decimals of it. by: the id of the person who made it.
    """

    id: str
    name: str
    digest: str
    models: tuple[str, ...] = ()
    actions: tuple[TokenAction, ...] = USUAL_ACTIONS
    at: datetime
    ends: datetime
    quota: Quota = Quota()
    label_only: bool = False
    decimals: int | None = None
    by: str = ""
