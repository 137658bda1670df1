"""Deleting the body of one event for good, as the law may ask, where nothing that was decided rests on it."""

from __future__ import annotations

from comporta.acts.upkeep.removal_effect import require_nothing_gained
from comporta.opened.people import current_user, declared_role, identify
from comporta.opened.project import OpenProject
from comporta.project.person import REMOVES
from comporta.records import Event


def remove_event(opened: OpenProject, seq: int, *, reason: str, by: str = "") -> Event:
    """The fact that says so, once the body is deleted and all states are built again without it.

    reason: a code. by: empty: the name you are logged in with. Raises NotFound; BadProject on a reason that
    is no code; Refused for one who may not, and for a body that holds no personal value or decides something.
    """
    who = current_user(by)
    declared_role(opened, who, "", REMOVES, "remove the body of an event")
    return opened.ledger.remove_body(
        seq, reason=reason, by=identify(opened, who).id, compare=require_nothing_gained
    )
