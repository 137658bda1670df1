"""Approve, release, roll back: each one transaction over what the registry and the release room decide."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any, TypeVar

from comporta.access import AccessFacts
from comporta.acts.release.plan_end import end_plan
from comporta.acts.release.served_parts import require_loads, require_served_parts
from comporta.acts.release.version_of_commit import version_at
from comporta.errors import NotFound, Refused
from comporta.opened.conceal import reveal_version
from comporta.opened.optimistic import settle
from comporta.opened.people import (
    reason_of,
    releases_with_names,
    with_names,
)
from comporta.opened.people_seal import unknown_approvers
from comporta.opened.permission import (
    Permission,
    acting_role,
    permission,
    permitted_models,
    require_permission,
    same_models,
)
from comporta.opened.project import OpenProject
from comporta.opened.sentences import Say, sentence
from comporta.opened.staleness import staleness
from comporta.records import Approval, Artifact, Release, Route, Staleness, Version, View
from comporta.records.facts import VersionApproved, VersionReleased
from comporta.records.plan import ReleasePlan
from comporta.records.staleness import unknown
from comporta.registry import (
    MODELS,
    VERSIONS,
    current_version,
    forgotten_approvers,
    newest_versions,
    require_releasable,
    version_key,
    with_current_state,
)
from comporta.registry import approve as approved
from comporta.release import ROUTES, plan_under_way, require_none_under_way, serves_all
from comporta.release import release as released
from comporta.release import rollback as rolled_back
from comporta.release.codes import ROLLED_BACK_BY_HAND

S = TypeVar("S")
_DIGITS = 18
"""Of a version's number, at most: a longer text is none, and not even read as a number."""
ReleaseState = tuple[
    Version,
    frozenset[str],
    tuple[Version, ...],
    Route | None,
    ReleasePlan | None,
    Version | None,
    AccessFacts,
]
"""A version, the ids of those forgotten who approved it, its twins under other names, what serves, the plan
under way, the champion, and who may."""
RollbackState = tuple[Route | None, Version | None, tuple[Version, ...], AccessFacts]
"""What serves, the version to go back to, its twins under other names, and who may."""


class Rollback(Release, frozen=True, kw_only=True):
    """A release back. unknown: of which datasets nobody could tell whether rows were erased, and why."""

    unknown: tuple[Staleness, ...] = ()


class ReleaseOutcome(Release, frozen=True, kw_only=True):
    """A release. changed: False where the version had all traffic already, and nothing was written."""

    changed: bool = True


def models(opened: OpenProject, model: str = "", limit: int | None = None) -> tuple[Version, ...]:
    """The versions of each model that who asks may read, newest first within each. model: of this one alone.
    limit: of each model the newest; None: all. Raises NotFound for a model without versions; Forbidden."""
    names = permitted_models(
        opened, "version.read", [model] if model else [name for name, _ in opened.ledger.scan(MODELS)]
    )
    if model:
        _require_model(opened, model)
    unknown_to = partial(unknown_approvers, opened.store, opened.keys)
    return tuple(
        with_current_state(opened.ledger, version, unknown_to)
        for name in names
        for version in newest_versions(opened.ledger, name, limit)
    )


def count_versions(opened: OpenProject) -> dict[str, int]:
    """Model → how many versions it has."""
    return {model: found.count for model, found in opened.ledger.scan(MODELS)}


def version_view(opened: OpenProject, name: str) -> Version:
    """As `version_of`, for who may read it. Raises NotFound, Forbidden."""
    version = version_of(opened, name)
    require_permission(opened, "version.read", model=version.model)
    return version


def version_of(opened: OpenProject, name: str) -> Version:
    """`late/3`; the newest of `late`; `late@champion`, what serves now; `late@0f3a91c`, what the
    newest run at that commit led to. Its verdicts are as a reader wants them. Raises NotFound, naming what
    there is."""
    return reveal_version(opened, _find_version(opened, name))


def _find_version(opened: OpenProject, name: str) -> Version:
    model, sign, wanted = name.partition("@") if "@" in name else name.partition("/")
    count = _require_model(opened, model)
    if sign == "@":
        return _version_of_alias(opened, model, wanted)
    number = wanted if sign else str(count)
    # As it is written in an id: `1`, and not `01`, `+1` or `1_0`.
    if number.isascii() and number.isdigit() and number == str(int(number[:_DIGITS])):
        version = opened.ledger.get(VERSIONS, version_key(model, int(number)))
        if version is not None:
            return version
    raise NotFound(f"found no version {name!r}, expected {model}/1 to {model}/{count}.")


def _require_model(opened: OpenProject, model: str) -> int:
    """How many versions this model has. Raises NotFound where it has none, naming those that have."""
    found = opened.ledger.get(MODELS, model)
    if found is None:
        there = ", ".join(name for name, _ in opened.ledger.scan(MODELS)) or "none yet"
        raise NotFound(f"found no version of {model!r}, expected a model of: {there}. Make one: comporta run")
    return found.count


def _version_of_alias(opened: OpenProject, model: str, wanted: str) -> Version:
    if wanted != "champion":
        return version_at(opened, model, wanted)
    route = opened.ledger.get(ROUTES, model)
    if route is None:
        raise NotFound(f"found no champion of {model!r}: nothing was released yet.")
    found = opened.ledger.get(VERSIONS, version_key(model, route.champion))
    assert found is not None, "a released version is in the inventory"
    return found


def approve(
    opened: OpenProject, name: str, *, by: str = "", role: str = "", reason: str = "", say: Say = sentence
) -> Version:
    """One person's approval of a version. by: empty: the name you are logged in with. role: as declared; as
    claimed, where the project declares nobody.

    Raises NotFound; Refused, also for one who may not; BadProject on a name or a role that is none.
    """
    version = version_of(opened, name)
    who = permission(opened, "release.approve", by=by, version=version, say=say)

    def decide(seen: tuple[Version, AccessFacts], by: str, reason: Artifact | str) -> VersionApproved:
        now, access = seen
        decision = who.require(access, say)
        claimed = acting_role(who, access, decision, role)
        approval = Approval(by=by, role=claimed, reason=reason, at=opened.now())
        return approved(reveal_version(opened, now), approval, who.name, say)

    def look(view: View) -> tuple[Version, AccessFacts]:
        return current_version(view, version), who.look(view)

    # Refused before anybody or anything is written down.
    decide(look(opened.ledger), who.actor.id, "")
    id, why = who.identify(), reason_of(opened, reason)
    settle(opened.ledger, look, lambda seen: ((who.sign(decide(seen, id, why)),), None), who.admit)
    return with_names(opened, version_of(opened, version.id))[0]


def release(
    opened: OpenProject, name: str, *, by: str = "", reason: str = "", say: Say = sentence
) -> ReleaseOutcome:
    """All traffic to a version, in one act; nothing, where it has that. by: empty: the name you are logged in
    with.

    It is loaded once as a server does, which takes as long. Raises NotFound; Refused, also where nobody can
    tell whether rows it learned from were erased, where what it is served from is not there as it was
    written, or where it cannot be loaded from that.
    """
    version = version_of(opened, name)
    who = permission(opened, "release.execute", by=by, version=version, say=say)
    answers = staleness(opened, version)

    @cache
    def require_served() -> None:
        require_served_parts(opened, version)
        require_loads(opened, version)

    def look(view: View) -> ReleaseState:
        now = current_version(view, version)
        route = view.get(ROUTES, version.model)
        champion, plan = _champion(view, route), plan_under_way(view, version.model)
        return now, forgotten_approvers(view, now), _twins(view, now), route, plan, champion, who.look(view)

    def decide(seen: ReleaseState, by: str, reason: Artifact | str) -> VersionReleased | Release:
        now, forgotten, same, route, plan, champion, access = seen
        who.require(access, say)
        require_none_under_way(plan)
        unknown = unknown_approvers(opened.store, opened.keys, now)
        uncounted = forgotten | unknown | who.uncounted_approvers(now, access)
        _require_releasable(opened, now, same, answers, uncounted, say, _counting_champion(champion, access))
        if route is not None and serves_all(route, version.number):
            return route.history[-1]
        fact = released(route, version.model, version.number, by=by, reason=reason, at=opened.clock())
        require_served()
        return fact

    done, changed = _settle_release(opened, look, decide, who, reason)
    return ReleaseOutcome(**_fields(done), changed=changed)


def require_ready(opened: OpenProject, version: Version, who: Permission, say: Say = sentence) -> None:
    """Raises Refused unless the version could be released now. who: asks."""
    now = current_version(opened.ledger, version)
    forgotten = forgotten_approvers(opened.ledger, now)
    unknown = unknown_approvers(opened.store, opened.keys, now)
    access = who.look(opened.ledger)
    uncounted = forgotten | unknown | who.uncounted_approvers(now, access)
    champion = _counting_champion(_champion(opened.ledger, opened.ledger.get(ROUTES, version.model)), access)
    same = _twins(opened.ledger, now)
    _require_releasable(opened, now, same, staleness(opened, version), uncounted, say, champion)


def may_still_serve(opened: OpenProject, version: Version) -> bool:
    """Whether nothing that is known of the version by now forbids its release: no check that blocks it, no
    approval that is gone, no rows erased since. Of a release under way, which somebody who may began."""
    now = current_version(opened.ledger, version)
    uncounted = forgotten_approvers(opened.ledger, now) | unknown_approvers(opened.store, opened.keys, now)
    same, answers = _twins(opened.ledger, now), staleness(opened, version)
    try:
        _require_releasable(opened, now, same, answers, uncounted, sentence)
    except Refused:
        return False
    return True


def _champion(view: View, route: Route | None) -> Version | None:
    return None if route is None else view.get(VERSIONS, version_key(route.model, route.champion))


def _counting_champion(champion: Version | None, access: AccessFacts) -> Version | None:
    """The champion whose number of approvals counts: where nobody is declared, one person decides it all."""
    return None if access.governance == "nobody" else champion


def _require_releasable(
    opened: OpenProject,
    version: Version,
    same: tuple[Version, ...],
    answers: tuple[Staleness, ...],
    uncounted: frozenset[str],
    say: Say,
    serving: Version | None = None,
) -> None:
    """The one guard before traffic, forward and back. same: its twins under other names. uncounted: ids of
    approvers who do not count. serving: see `require_releasable`."""
    twins = tuple(reveal_version(opened, each) for each in same)
    seen = reveal_version(opened, version)
    require_releasable(seen, opened.now(), answers, uncounted, say, twins, serving)


def rollback(
    opened: OpenProject, model: str, *, by: str = "", reason: str = "", say: Say = sentence
) -> Rollback:
    """All traffic back to the champion before; while a release plan is under way it ends, and all traffic is
    the champion's that it began with. Raises Refused when there is none, when rows that it learned
    from were erased since, and when a required check blocks it, also under another model's name. Where nobody
    can tell whether rows were erased, it is done and told: a store that is broken must not keep a bad version
    live."""
    if opened.ledger.get(ROUTES, model) is None:
        version_of(opened, model)
    who = permission(opened, "release.abort", by=by, model=model, say=say)
    if (plan := plan_under_way(opened.ledger, model)) is not None:
        end_plan(opened, plan, who, promoted=False, why=ROLLED_BACK_BY_HAND(), reason=reason)
        route = opened.ledger.get(ROUTES, model)
        assert route is not None, "a plan begins beside a release"
        return Rollback(**_fields(releases_with_names(opened, route.history[-1])[0]))
    answers: dict[str, tuple[Staleness, ...]] = {}

    def look(view: View) -> RollbackState:
        route = view.get(ROUTES, model)
        if route is None:
            return None, None, (), who.look(view)
        number = rolled_back(route, model, by="", reason="", at=opened.clock()).release.champion
        back = view.get(VERSIONS, version_key(model, number))
        return route, back, () if back is None else _twins(view, back), who.look(view)

    def decide(seen: RollbackState, by: str, reason: Artifact | str) -> VersionReleased:
        route, back, same, access = seen
        who.require(access, say)
        fact = rolled_back(route, model, by=by, reason=reason, at=opened.clock())
        assert back is not None, "a released version is in the inventory"
        if back.id not in answers:
            answers[back.id] = staleness(opened, back)
        known = tuple(each for each in answers[back.id] if each.answer != "unknown")
        # Whoever approved it did so before it was released: to be forgotten since shuts no way back.
        _require_releasable(opened, back, same, known, frozenset(), say)
        require_served_parts(opened, back)
        return fact

    done, _ = _settle_release(opened, look, decide, who, reason)
    return Rollback(**_fields(done), unknown=unknown(answers[f"{model}/{done.champion}"]))


def _settle_release(
    opened: OpenProject,
    look: Callable[[View], S],
    decide: Callable[[S, str, Artifact | str], VersionReleased | Release],
    who: Permission,
    reason: str,
) -> tuple[Release, bool]:
    """The release that this decision makes, told as people read it, and whether it is new: a decision may be
    the release that stands."""
    first = decide(look(opened.ledger), "", "")  # refused before anybody or anything is written down
    if isinstance(first, Release):
        return releases_with_names(opened, first)[0], False
    id, why = who.identify(), reason_of(opened, reason)

    def decide_from(seen: S) -> tuple[tuple[VersionReleased, ...], tuple[Release, bool]]:
        made = decide(seen, id, why)
        if isinstance(made, Release):
            return (), (made, False)
        fact = who.sign(made)
        return (fact,), (fact.release, True)

    done, changed = settle(opened.ledger, look, decide_from, who.admit)
    return releases_with_names(opened, done)[0], changed


def _fields(release: Release) -> dict[str, Any]:
    return {name: getattr(release, name) for name in Release.__struct_fields__}


def _twins(view: View, version: Version) -> tuple[Version, ...]:
    """The judged versions of other models whose model is the same, byte for byte."""
    every = same_models(view, version)
    return tuple(each for each in every if each.model != version.model and each.state != "candidate")
