"""Approve, release, roll back: each one transaction over what the registry and the release room decide."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import TypeVar

from comporta.acts.release.served_parts import require_served_parts
from comporta.acts.release.version_of_commit import version_at
from comporta.errors import NotFound
from comporta.opened.conceal import reveal_version
from comporta.opened.lineage import versions_holding
from comporta.opened.optimistic import settle
from comporta.opened.people import (
    current_user,
    find,
    identify,
    reason_of,
    releases_with_names,
    role_of,
    with_names,
)
from comporta.opened.people_seal import unknown_approvers
from comporta.opened.project import OpenProject
from comporta.opened.sentences import Say, sentence
from comporta.opened.staleness import staleness
from comporta.project.person import APPROVES
from comporta.records import Approval, Artifact, Release, Route, Staleness, Version, View
from comporta.records.facts import VersionApproved, VersionReleased
from comporta.records.staleness import unknown
from comporta.registry import (
    VERSIONS,
    current_version,
    forgotten_approvers,
    require_releasable,
    version_key,
    with_current_state,
)
from comporta.registry import approve as approved
from comporta.release import ROUTES
from comporta.release import release as released
from comporta.release import rollback as rolled_back

S = TypeVar("S")
ReleaseState = tuple[Version, frozenset[str], tuple[Version, ...], Route | None]
"""A version, the ids of those forgotten who approved it, its twins under other names, and what serves."""
RollbackState = tuple[Route | None, Version | None, tuple[Version, ...]]
"""What serves, the version to go back to, and its twins under other names."""


class Rollback(Release, frozen=True, kw_only=True):
    """A release back. unknown: of which datasets nobody could tell whether rows were erased, and why."""

    unknown: tuple[Staleness, ...] = ()


def models(opened: OpenProject) -> tuple[Version, ...]:
    """Every version of every model, newest first within each."""
    unknown_to = partial(unknown_approvers, opened.store, opened.keys)
    versions = [
        with_current_state(opened.ledger, version, unknown_to) for _, version in opened.ledger.scan(VERSIONS)
    ]
    return tuple(sorted(versions, key=lambda each: (each.model, -each.number)))


def version_of(opened: OpenProject, name: str) -> Version:
    """`late/3`; the newest of `late`; `late@champion`, what serves now; `late@0f3a91c`, what the
    newest run at that commit led to. Its verdicts are as a reader wants them. Raises NotFound, naming what
    there is."""
    return reveal_version(opened, _find_version(opened, name))


def _find_version(opened: OpenProject, name: str) -> Version:
    model, sign, wanted = name.partition("@") if "@" in name else name.partition("/")
    known = [version for _, version in opened.ledger.scan(VERSIONS, f"{model}/")]
    if not known:
        there = sorted({key.partition("/")[0] for key, _ in opened.ledger.scan(VERSIONS)})
        raise NotFound(
            f"found no version of {model!r}, expected a model of: {', '.join(there) or 'none yet'}. "
            "Make one: comporta run"
        )
    if not sign:
        return known[-1]
    if sign == "@":
        return _version_of_alias(opened, wanted, known)
    for version in known:
        if wanted == str(version.number):
            return version
    raise NotFound(f"found no version {name!r}, expected {model}/1 to {known[-1].id}.")


def _version_of_alias(opened: OpenProject, wanted: str, known: list[Version]) -> Version:
    if wanted == "champion":
        route = opened.ledger.get(ROUTES, known[0].model)
        if route is None:
            raise NotFound(f"found no champion of {known[0].model!r}: nothing was released yet.")
        return next(each for each in known if each.number == route.champion)
    return version_at(opened, known, wanted)


def approve(
    opened: OpenProject, name: str, *, by: str = "", role: str = "", reason: str = "", say: Say = sentence
) -> Version:
    """One person's approval of a version. by: empty: the name you are logged in with. role: as declared; as
    claimed, where the project declares nobody.

    Raises NotFound; Refused, also for one who may not; BadProject on a name or a role that is none.
    """
    version = version_of(opened, name)
    who = current_user(by)
    claimed = role_of(opened, who, role, APPROVES, "approve a version")

    def decide(seen: Version, by: str, reason: Artifact | str) -> VersionApproved:
        approval = Approval(by=by, role=claimed, reason=reason, at=opened.now())
        return approved(reveal_version(opened, seen), approval, who, say)

    def look(view: View) -> Version:
        return current_version(view, version)

    # Refused before anybody or anything is written down.
    known = find(opened, who)
    decide(look(opened.ledger), known.id if known is not None else "", "")
    id, why = identify(opened, who).id, reason_of(opened, reason)
    settle(opened.ledger, look, lambda seen: ((decide(seen, id, why),), None))
    return with_names(opened, version_of(opened, version.id))[0]


def release(
    opened: OpenProject, name: str, *, by: str = "", reason: str = "", say: Say = sentence
) -> Release:
    """All traffic to a version, in one act. by: empty: the name you are logged in with.

    Raises NotFound; Refused, also where nobody can tell whether rows it learned from were erased, or where
    what it is served from is not there as it was written.
    """
    version = version_of(opened, name)
    answers = staleness(opened, version)
    served = cache(lambda: require_served_parts(opened, version))

    def look(view: View) -> ReleaseState:
        now = current_version(view, version)
        return now, forgotten_approvers(view, now), _twins(view, now), view.get(ROUTES, version.model)

    def decide(seen: ReleaseState, by: str, reason: Artifact | str) -> VersionReleased:
        now, forgotten, same, route = seen
        uncounted = forgotten | unknown_approvers(opened.store, opened.keys, now)
        _require_releasable(opened, now, same, answers, uncounted, say)
        fact = released(route, version.model, version.number, by=by, reason=reason, at=opened.clock())
        served()
        return fact

    return _settle_release(opened, look, decide, by, reason)


def require_ready(opened: OpenProject, version: Version, say: Say = sentence) -> None:
    """Raises Refused unless the version could be released now."""
    now = current_version(opened.ledger, version)
    forgotten = forgotten_approvers(opened.ledger, now)
    uncounted = forgotten | unknown_approvers(opened.store, opened.keys, now)
    _require_releasable(opened, now, _twins(opened.ledger, now), staleness(opened, version), uncounted, say)


def _require_releasable(
    opened: OpenProject,
    version: Version,
    same: tuple[Version, ...],
    answers: tuple[Staleness, ...],
    uncounted: frozenset[str],
    say: Say,
) -> None:
    """The one guard before traffic, forward and back. same: its twins under other names. uncounted: ids of
    approvers who do not count."""
    twins = tuple(reveal_version(opened, each) for each in same)
    require_releasable(reveal_version(opened, version), opened.now(), answers, uncounted, say, twins)


def rollback(
    opened: OpenProject, model: str, *, by: str = "", reason: str = "", say: Say = sentence
) -> Rollback:
    """All traffic back to the champion before. Raises Refused when there is none, when rows that it learned
    from were erased since, and when a required check blocks it, also under another model's name. Where nobody
    can tell whether rows were erased, it is done and told: a store that is broken must not keep a bad version
    live."""
    if opened.ledger.get(ROUTES, model) is None:
        version_of(opened, model)
    answers: dict[str, tuple[Staleness, ...]] = {}

    def look(view: View) -> RollbackState:
        route = view.get(ROUTES, model)
        if route is None:
            return None, None, ()
        number = rolled_back(route, model, by="", reason="", at=opened.clock()).release.champion
        back = view.get(VERSIONS, version_key(model, number))
        return route, back, () if back is None else _twins(view, back)

    def decide(seen: RollbackState, by: str, reason: Artifact | str) -> VersionReleased:
        route, back, same = seen
        fact = rolled_back(route, model, by=by, reason=reason, at=opened.clock())
        assert back is not None, "a released version is in the inventory"
        if back.id not in answers:
            answers[back.id] = staleness(opened, back)
        known = tuple(each for each in answers[back.id] if each.answer != "unknown")
        # Whoever approved it did so before it was released: to be forgotten since shuts no way back.
        _require_releasable(opened, back, same, known, frozenset(), say)
        require_served_parts(opened, back)
        return fact

    done = _settle_release(opened, look, decide, by, reason)
    fields = {name: getattr(done, name) for name in Release.__struct_fields__}
    return Rollback(**fields, unknown=unknown(answers[f"{model}/{done.champion}"]))


def _settle_release(
    opened: OpenProject,
    look: Callable[[View], S],
    decide: Callable[[S, str, Artifact | str], VersionReleased],
    by: str,
    reason: str,
) -> Release:
    """The release that this decision makes, told as people read it."""
    who = current_user(by)
    decide(look(opened.ledger), "", "")  # refused before anybody or anything is written down
    id, why = identify(opened, who).id, reason_of(opened, reason)

    def decide_from(seen: S) -> tuple[tuple[VersionReleased], Release]:
        fact = decide(seen, id, why)
        return (fact,), fact.release

    return releases_with_names(opened, settle(opened.ledger, look, decide_from))[0]


def _twins(view: View, version: Version) -> tuple[Version, ...]:
    """The judged versions of other models whose model is the same, byte for byte."""
    model = version.parts.get("model")
    keys = () if model is None else versions_holding(view, model, "model")
    every = (view.get(VERSIONS, key) for key in keys)
    return tuple(each for each in every if each and each.model != version.model and each.state != "candidate")
