"""Approve, release, roll back: each one transaction over what the registry and the release room decide."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TypeVar

from comporta.acts.release.commits import version_at
from comporta.acts.release.served_parts import require_served_parts
from comporta.errors import NotFound
from comporta.opened.conceal import revealed
from comporta.opened.optimistic import settle
from comporta.opened.people import (
    acting,
    find,
    identify,
    readable,
    readable_releases,
    reason_of,
    role_of,
)
from comporta.opened.project import House
from comporta.opened.sentences import Say, sentence
from comporta.opened.staleness import staleness
from comporta.project.person import APPROVES
from comporta.records import Approval, Artifact, Release, Route, Staleness, Version, View
from comporta.records.facts import VersionApproved, VersionReleased
from comporta.records.staleness import unknown
from comporta.registry import VERSIONS, as_it_stands, forgotten_approvers, require_releasable, version_key
from comporta.registry import approve as approved
from comporta.release import ROUTES
from comporta.release import release as released
from comporta.release import rollback as rolled_back

S = TypeVar("S")
Standing = tuple[Version, frozenset[str], Route | None]
"""A version, the ids of those forgotten who approved it, and what serves."""


class Rollback(Release, frozen=True, kw_only=True):
    """A release back. unknown: of which datasets nobody could tell whether rows were erased, and why."""

    unknown: tuple[Staleness, ...] = ()


def models(house: House) -> tuple[Version, ...]:
    """Every version of every model, newest first within each."""
    versions = [as_it_stands(house.ledger, version) for _, version in house.ledger.scan(VERSIONS)]
    return tuple(sorted(versions, key=lambda each: (each.model, -each.number)))


def version_of(house: House, name: str) -> Version:
    """`late/3`; the newest of `late`; `late@champion`, what serves now; `late@0f3a91c`, what the
    newest run at that commit led to. Its verdicts are as a reader wants them. Raises NotFound, naming what
    there is."""
    return revealed(house, _found(house, name))


def _found(house: House, name: str) -> Version:
    model, sign, asked = name.partition("@") if "@" in name else name.partition("/")
    known = [version for _, version in house.ledger.scan(VERSIONS, f"{model}/")]
    if not known:
        there = sorted({key.partition("/")[0] for key, _ in house.ledger.scan(VERSIONS)})
        raise NotFound(
            f"found no version of {model!r}, expected a model of: {', '.join(there) or 'none yet'}. "
            "Make one: comporta run"
        )
    if not sign:
        return known[-1]
    if sign == "@":
        return _aliased(house, asked, known)
    for version in known:
        if asked == str(version.number):
            return version
    raise NotFound(f"found no version {name!r}, expected {model}/1 to {known[-1].id}.")


def _aliased(house: House, asked: str, known: list[Version]) -> Version:
    if asked == "champion":
        route = house.ledger.get(ROUTES, known[0].model)
        if route is None:
            raise NotFound(f"found no champion of {known[0].model!r}: nothing was released yet.")
        return next(each for each in known if each.number == route.champion)
    return version_at(house, known, asked)


def approve(
    house: House, name: str, *, by: str = "", role: str = "", reason: str = "", say: Say = sentence
) -> Version:
    """One person's approval of a version. by: empty: the name you are logged in with. role: as declared; as
    claimed, where the project declares nobody.

    Raises NotFound; Refused, also for one who may not; BadProject on a name or a role that is none.
    """
    version = version_of(house, name)
    who = acting(by)
    claimed = role_of(house, who, role, APPROVES, "approve a version")

    def decide(seen: Version, by: str, reason: Artifact | str) -> VersionApproved:
        approval = Approval(by=by, role=claimed, reason=reason, at=house.clock())
        return approved(revealed(house, seen), approval, who, say)

    def look(view: View) -> Version:
        return _now(view, version)

    # Refused before anybody or anything is written down.
    known = find(house, who)
    decide(look(house.ledger), known.id if known is not None else "", "")
    id, why = identify(house, who).id, reason_of(house, reason)
    settle(house.ledger, look, lambda seen: ((decide(seen, id, why),), None))
    return readable(house, version_of(house, version.id))[0]


def release(house: House, name: str, *, by: str = "", reason: str = "", say: Say = sentence) -> Release:
    """All traffic to a version, in one act. by: empty: the name you are logged in with.

    Raises NotFound; Refused, also where nobody can tell whether rows it learned from were erased, or where
    what it is served from is not there as it was written.
    """
    version = version_of(house, name)
    answers = staleness(house, version)
    served = cache(lambda: require_served_parts(house, version))

    def look(view: View) -> Standing:
        now = _now(view, version)
        return now, forgotten_approvers(view, now), view.get(ROUTES, version.model)

    def decide(seen: Standing, by: str, reason: Artifact | str) -> VersionReleased:
        now, forgotten, route = seen
        require_releasable(revealed(house, now), house.clock(), answers, forgotten, say)
        fact = released(route, version.model, version.number, by=by, reason=reason, at=house.clock())
        served()
        return fact

    return _moved(house, look, decide, by, reason)


def rollback(house: House, model: str, *, by: str = "", reason: str = "", say: Say = sentence) -> Rollback:
    """All traffic back to the champion before. Raises Refused when there is none, or rows that it learned
    from were erased since. Where nobody can tell that, it is done and told: a store that is broken must not
    keep a bad version live."""
    if house.ledger.get(ROUTES, model) is None:
        version_of(house, model)
    answers: dict[str, tuple[Staleness, ...]] = {}

    def look(view: View) -> tuple[Route | None, Version | None]:
        route = view.get(ROUTES, model)
        if route is None:
            return None, None
        back = rolled_back(route, model, by="", reason="", at=house.clock()).release.champion
        return route, view.get(VERSIONS, version_key(model, back))

    def decide(seen: tuple[Route | None, Version | None], by: str, reason: Artifact | str) -> VersionReleased:
        route, back = seen
        fact = rolled_back(route, model, by=by, reason=reason, at=house.clock())
        assert back is not None, "a released version is in the inventory"
        if back.id not in answers:
            answers[back.id] = staleness(house, back)
        known = tuple(each for each in answers[back.id] if each.answer != "unknown")
        # Whoever approved it did so before it was released: to be forgotten since shuts no way back.
        require_releasable(revealed(house, back), house.clock(), known, say=say)
        require_served_parts(house, back)
        return fact

    done = _moved(house, look, decide, by, reason)
    fields = {name: getattr(done, name) for name in Release.__struct_fields__}
    return Rollback(**fields, unknown=unknown(answers[f"{model}/{done.champion}"]))


def _moved(
    house: House,
    look: Callable[[View], S],
    decide: Callable[[S, str, Artifact | str], VersionReleased],
    by: str,
    reason: str,
) -> Release:
    """The release that this decision makes, told as people read it."""
    who = acting(by)
    decide(look(house.ledger), "", "")  # refused before anybody or anything is written down
    id, why = identify(house, who).id, reason_of(house, reason)

    def settled(seen: S) -> tuple[tuple[VersionReleased], Release]:
        fact = decide(seen, id, why)
        return (fact,), fact.release

    return readable_releases(house, settle(house.ledger, look, settled))[0]


def _now(view: View, version: Version) -> Version:
    """The version as a fact holds it, as it stands in this view."""
    found = view.get(VERSIONS, version_key(version.model, version.number))
    assert found is not None, "a version never leaves the inventory"
    return found
