"""Who gets which traffic."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from comporta.records.asset import Artifact, text_or_digest
from comporta.records.record import Record

ShareRole = Literal["champion", "challenger", "canary", "control", "shadow", "fallback", "holdback"]
UNROUTED: tuple[ShareRole, ...] = ("shadow", "fallback")
"""Roles that are routed no requests of their own: their weight is 0."""


class Share(Record, frozen=True, kw_only=True):
    """A version's part in a release. weight: the part of the units that it answers, 0 to 1.

    role: `champion` is the one in charge, by whose columns requests are read; `challenger` and `canary` are
    tried beside it, `control` is the champion's version in the arm that a canary is compared with, `holdback`
    an earlier version that goes on for a few; `shadow` is asked and not heard, `fallback` waits: weight 0.
    """

    version: int
    weight: float
    role: ShareRole = "champion"


class Release(Record, frozen=True, kw_only=True):
    """A change of traffic of one model. number: counts from 1 within the model. previous: the champion
    it replaced, or None. by: a person's id; a plain name in older facts.

    kind: `release` or `rollback`; or `arms`, a change of weights by a plan, which replaces no champion and
    which a rollback passes over. plan: id of the plan under way, also the salt of its arms; empty: none.

    shares: the weights of those that answer sum to 1, and exactly one is the champion. retired: the versions
    that had a share before and have none now. reason: an artifact of kind `text`, or empty; text in older
    facts. Raises ValueError on shares that break these rules.
    """

    model: str
    number: int
    kind: str
    shares: tuple[Share, ...]
    previous: int | None
    retired: tuple[int, ...] = ()
    by: str
    reason: Artifact | str
    at: datetime
    plan: str = ""

    def __post_init__(self) -> None:
        require_shares(f"release {self.number} of {self.model}", self.shares)

    @property
    def champion(self) -> int:
        """The version named champion."""
        return champion(self.shares)

    @property
    def why(self) -> str:
        """The reason, where it is text."""
        return text_or_digest(self.reason)


class Route(Record, frozen=True, kw_only=True):
    """What serves now, with its history, newest last."""

    model: str
    shares: tuple[Share, ...]
    history: tuple[Release, ...]

    @property
    def champion(self) -> int:
        """The version named champion."""
        return champion(self.shares)

    @property
    def number(self) -> int | None:
        """Of the release that these shares are of, where there is one."""
        return self.history[-1].number if self.history else None

    @property
    def plan(self) -> str:
        """The id of the plan under way, by which units are put in arms; empty: there is none."""
        return self.history[-1].plan if self.history else ""


def champion(shares: Sequence[Share]) -> int:
    """The version named champion among shares that a release can have."""
    return next(share.version for share in shares if share.role == "champion")


def require_shares(release: str, shares: Sequence[Share]) -> None:
    """Raises ValueError on shares that no release can have. release: what the message calls it."""
    champions = [share for share in shares if share.role == "champion"]
    if len(champions) != 1:
        raise ValueError(f"{release}: found {len(champions)} champions, expected exactly one.")
    if len({(share.version, share.role) for share in shares}) < len(shares):
        raise ValueError(f"{release}: found a version twice in one role, expected it once.")
    for share in shares:
        if share.role in UNROUTED and share.weight != 0:
            raise ValueError(
                f"{release}: found a {share.role} of weight {share.weight:g}, expected 0: it answers nobody."
            )
        if share.role not in UNROUTED and not 0 < share.weight <= 1:
            raise ValueError(
                f"{release}: found a {share.role} of weight {share.weight:g}, expected above 0 and at most 1."
            )
    if abs((total := sum(share.weight for share in shares)) - 1) > 1e-9:
        raise ValueError(f"{release}: found weights that sum to {total:g}, expected 1.")
