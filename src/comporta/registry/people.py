"""People whom nothing names any longer: their approvals do not count, since under a new id they could approve
twice."""

from __future__ import annotations

from collections.abc import Callable

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


def with_current_state(
    view: View, version: Version, unknown: Callable[[Version], frozenset[str]] = lambda version: frozenset()
) -> Version:
    """The version in its current state: `passed`, not `approved`, where too few approvals still count.

    unknown: the ids of its approvers whom the directory of people does not know; asked where it matters."""
    if version.state != "approved":
        return version
    gone = forgotten_approvers(view, version) | unknown(version)
    return version if len(version.approvers(gone)) >= version.needed else replace(version, state="passed")
