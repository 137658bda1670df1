"""How traffic moves: all of it to a version, or back to the one before."""

from __future__ import annotations

from datetime import datetime

from comporta.errors import Refused
from comporta.records import Artifact, Release, Route, Share
from comporta.records.facts import VersionReleased


def release(
    route: Route | None, model: str, version: int, *, by: str, reason: Artifact | str, at: datetime
) -> VersionReleased:
    """All traffic to `version`, as the champion. Raises Refused when it has it already."""
    if route is not None and serves_all(route, version):
        raise Refused(f"{model}/{version}: it serves all traffic already. Nothing to do.")
    return follow(route, model, all_to(version), kind="release", by=by, reason=reason, at=at)


def rollback(
    route: Route | None, model: str, *, by: str, reason: Artifact | str, at: datetime
) -> VersionReleased:
    """All traffic to the champion that the last release replaced.

    Repeated, it goes further back: a version that was rolled back from is passed over.
    Raises Refused when there is none.
    """
    before = None if route is None else _before(route)
    if before is None:
        raise Refused(f"{model}: found no earlier release, expected one to go back to.")
    return follow(route, model, all_to(before), kind="rollback", by=by, reason=reason, at=at)


def _before(route: Route) -> int | None:
    """The champion before the present one: releases push, rollbacks pop, arms of a plan change none."""
    champions: list[int] = []
    for each in route.history:
        if each.kind == "arms":
            continue
        if each.kind == "rollback" and champions:
            champions.pop()
        else:
            champions.append(each.champion)
    return champions[-2] if len(champions) > 1 else None


def serves_all(route: Route, version: int) -> bool:
    """Whether this version has all traffic."""
    return route.shares == all_to(version)


def all_to(version: int) -> tuple[Share, ...]:
    """All traffic to one version."""
    return (Share(version=version, weight=1.0, role="champion"),)


def follow(
    route: Route | None,
    model: str,
    shares: tuple[Share, ...],
    *,
    kind: str,
    by: str,
    reason: Artifact | str,
    at: datetime,
    plan: str = "",
) -> VersionReleased:
    """The next release of a model, with these shares. plan: whose it is, or empty."""
    before = {share.version for share in route.shares} if route is not None else set()
    return VersionReleased(
        release=Release(
            model=model,
            number=1 + (len(route.history) if route is not None else 0),
            kind=kind,
            shares=shares,
            previous=route.champion if route is not None else None,
            retired=tuple(sorted(before - {share.version for share in shares})),
            by=by,
            reason=reason,
            at=at,
            plan=plan,
        )
    )
