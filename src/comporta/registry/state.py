"""The states of a version, as a projection of its facts.

    candidate ──judged──▶ passed ──approved──▶ approved ──released──▶ released ──▶ retired
        └──────judged──▶ refused ──waived──▶ passed

A version that needs no approval is releasable as soon as it has passed. It may be judged again, by more
evidence or other gates; the checks it was required to pass at first stay required.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from comporta.records import Changes, Event, Lookup, Projection, Record, State, Version, View
from comporta.records.facts import (
    VersionApproved,
    VersionJudged,
    VersionRegistered,
    VersionReleased,
    VersionWaived,
)
from comporta.registry.renaming import with_current_names


class ModelVersions(Record, frozen=True, kw_only=True):
    """How many versions a model has: they are numbered from 1, without gaps."""

    model: str
    count: int


def version_key(model: str, number: int) -> str:
    """The key of a version in the projection: sorts by number within the model."""
    return f"{model}/{number:08d}"


def _on_registered(fact: VersionRegistered, event: Event, old: Lookup[Version]) -> Changes[Version]:
    yield version_key(fact.version.model, fact.version.number), fact.version


def _count_version(
    fact: VersionRegistered, event: Event, old: Lookup[ModelVersions]
) -> Changes[ModelVersions]:
    yield fact.version.model, ModelVersions(model=fact.version.model, count=fact.version.number)


def _on_judged(fact: VersionJudged, event: Event, old: Lookup[Version]) -> Changes[Version]:
    key = version_key(fact.model, fact.number)
    if (version := old(key)) is not None:
        version = with_current_names(version, fact.renamed, fact.as_policy)
        judged = msgspec.structs.replace(
            version,
            verdicts=fact.verdicts,
            judged_by=fact.policy,
            level=fact.level,
            parts={**fact.parts, **version.parts},
        )
        yield key, msgspec.structs.replace(judged, state=_state(judged, event.at))


def _on_waived(fact: VersionWaived, event: Event, old: Lookup[Version]) -> Changes[Version]:
    key = version_key(fact.model, fact.number)
    if (version := old(key)) is not None:
        judged = msgspec.structs.replace(version, waivers=(*version.waivers, fact.waiver))
        yield key, msgspec.structs.replace(judged, state=_state(judged, event.at))


def _state(version: Version, now: datetime) -> State:
    """What the verdicts make of it. What serves, or served, stays so: judging moves no traffic."""
    if version.state in ("released", "retired"):
        return version.state
    if version.blocking_verdicts(now):
        return "refused"
    enough = version.needed > 0 and len(version.approvers()) >= version.needed
    return "approved" if enough else "passed"


def _on_approved(fact: VersionApproved, event: Event, old: Lookup[Version]) -> Changes[Version]:
    key = version_key(fact.model, fact.number)
    if (version := old(key)) is not None:
        given = msgspec.structs.replace(version, approvals=(*version.approvals, fact.approval))
        enough = version.state == "passed" and len(given.approvers()) >= version.needed
        yield key, msgspec.structs.replace(given, state="approved" if enough else version.state)


def _on_released(fact: VersionReleased, event: Event, old: Lookup[Version]) -> Changes[Version]:
    """Whatever left the shares is retired, whichever role it had there."""
    states: dict[int, State] = dict.fromkeys(fact.release.retired, "retired")
    states |= dict.fromkeys((share.version for share in fact.release.shares), "released")
    for number in sorted(states):
        key = version_key(fact.release.model, number)
        if (version := old(key)) is not None:
            yield key, msgspec.structs.replace(version, state=states[number])


VERSIONS = Projection(
    "version",
    Version,
    {
        VersionRegistered: _on_registered,
        VersionJudged: _on_judged,
        VersionWaived: _on_waived,
        VersionApproved: _on_approved,
        VersionReleased: _on_released,
    },
)


MODELS = Projection("model", ModelVersions, {VersionRegistered: _count_version})
"""Model → how many versions it has: to list models, no version is read."""


def newest_versions(view: View, model: str, limit: int | None = None) -> list[Version]:
    """The newest versions of a model, newest first. limit: how many; None: all."""
    return [version for _, version in view.scan(VERSIONS, f"{model}/", newest=True, limit=limit)]


def current_version(view: View, version: Version) -> Version:
    """The version as a fact holds it, as it stands in this view."""
    found = view.get(VERSIONS, version_key(version.model, version.number))
    assert found is not None, "a version never leaves the inventory"
    return found
