"""Deleting the body of one event for good, as the law may ask, where nothing that was decided rests on it."""

from __future__ import annotations

from comporta.acts.upkeep.removal_effect import require_nothing_gained
from comporta.opened.permission import permission
from comporta.opened.project import OpenProject
from comporta.records import Event, View
from comporta.records.facts import EventRemoved


def remove_event(opened: OpenProject, seq: int, *, reason: str, by: str = "") -> Event:
    """The fact that says so, once the body is deleted and all states are built again without it.

    reason: a code. by: empty: the name you are logged in with. Raises NotFound; BadProject on a reason that
    is no code; Refused for one who may not, and for a body that holds no personal value or decides something.
    """
    who = permission(opened, "event.remove", by=by)

    def sign(view: View, fact: EventRemoved) -> EventRemoved:
        signed = who.sign(fact)
        who.admit(view, signed)
        return signed

    return opened.ledger.remove_body(
        seq, reason=reason, by=who.identify(), compare=require_nothing_gained, sign=sign
    )
