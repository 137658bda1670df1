"""The states of a version, folded from what happened to it.

    candidate ──judged──▶ passed ──approved──▶ approved ──released──▶ released ──▶ retired
        └──────judged──▶ refused

A version that needs no approval is releasable as soon as it has passed.
"""

from __future__ import annotations

import msgspec

from comporta.records import Changes, Event, Lookup, Reading, State, Version
from comporta.records.facts import VersionApproved, VersionJudged, VersionRegistered, VersionReleased


def version_key(model: str, number: int) -> str:
    """The key of a version in the reading: sorts by number within the model."""
    return f"{model}/{number:08d}"


def _registered(fact: VersionRegistered, event: Event, old: Lookup[Version]) -> Changes[Version]:
    yield version_key(fact.version.model, fact.version.number), fact.version


def _judged(fact: VersionJudged, event: Event, old: Lookup[Version]) -> Changes[Version]:
    key = version_key(fact.model, fact.number)
    if (version := old(key)) is not None:
        opens = all(verdict.opens for verdict in fact.verdicts)
        state: State = "passed" if opens else "refused"
        yield key, msgspec.structs.replace(version, verdicts=fact.verdicts, state=state)


def _approved(fact: VersionApproved, event: Event, old: Lookup[Version]) -> Changes[Version]:
    key = version_key(fact.model, fact.number)
    if (version := old(key)) is not None:
        approvals = (*version.approvals, fact.approval)
        enough = version.state == "passed" and len(approvals) >= version.needed
        state: State = "approved" if enough else version.state
        yield key, msgspec.structs.replace(version, approvals=approvals, state=state)


def _released(fact: VersionReleased, event: Event, old: Lookup[Version]) -> Changes[Version]:
    live = {share.version for share in fact.release.shares}
    was = fact.release.previous
    if was is not None and was not in live:
        key = version_key(fact.release.model, was)
        if (version := old(key)) is not None:
            yield key, msgspec.structs.replace(version, state="retired")
    for number in sorted(live):
        key = version_key(fact.release.model, number)
        if (version := old(key)) is not None:
            yield key, msgspec.structs.replace(version, state="released")


VERSIONS = Reading(
    "version",
    Version,
    {
        VersionRegistered: _registered,
        VersionJudged: _judged,
        VersionApproved: _approved,
        VersionReleased: _released,
    },
)
