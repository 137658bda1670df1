"""Forgotten people: their approvals no longer count, since under a new id they could approve twice."""

from __future__ import annotations

from msgspec.structs import replace

from comporta.records import Changes, Event, Lookup, Projection, Version, View
from comporta.records.facts import PersonForgotten


def _forget(fact: PersonForgotten, event: Event, old: Lookup[PersonForgotten]) -> Changes[PersonForgotten]:
    yield fact.person, fact


FORGOTTEN = Projection("forgotten", PersonForgotten, {PersonForgotten: _forget})
"""Person's id → that the directory forgot who it was."""


def forgotten_approvers(view: View, version: Version) -> frozenset[str]:
    """The ids of those who approved this version and were forgotten since."""
    return frozenset(each.by for each in version.approvals if view.get(FORGOTTEN, each.by) is not None)


def with_current_state(view: View, version: Version) -> Version:
    """The version in its current state: `passed`, not `approved`, where too few approvals still count."""
    if version.state != "approved":
        return version
    enough = len(version.approvers(forgotten_approvers(view, version))) >= version.needed
    return version if enough else replace(version, state="passed")
