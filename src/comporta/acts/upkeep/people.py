"""Who acted or is in the team; and to delete a person's name, and say where it still stands."""

from __future__ import annotations

from functools import partial

from msgspec.structs import replace

from comporta.access import granting_state, require_granting
from comporta.errors import ComportaError
from comporta.opened.mentions import Mentions, mentions
from comporta.opened.people import Member, is_forgotten
from comporta.opened.people import forget as forget_name
from comporta.opened.people import people as every_member
from comporta.opened.permission import permission, require_permission
from comporta.opened.project import OpenProject
from comporta.records import Record, Transaction
from comporta.records.facts import PersonForgotten


class NameDeletion(Record, frozen=True, kw_only=True):
    """id: whose name was deleted. events: those that hold it still. declared: the name under which the
    project's file declares them still, or None."""

    id: str
    events: Mentions
    declared: str | None


def people(opened: OpenProject) -> tuple[Member, ...]:
    """Everybody in the directory or declared by the project, sorted by name."""
    require_permission(opened, "version.read")
    return every_member(opened)


def forget(opened: OpenProject, name: str, *, by: str = "") -> NameDeletion:
    """Deletes the name of this person, given by name or id; what they did stays recorded. Raises NotFound,
    Forbidden; Refused for the last admin."""
    who = permission(opened, "erase.execute", by=by, nameless=True)

    def record(tx: Transaction, fact: PersonForgotten) -> None:
        before = granting_state(tx, partial(is_forgotten, opened))
        who.record(tx, lambda view: (fact,))
        require_granting(before, replace(before, nameless=before.nameless | {fact.person}))

    known = forget_name(opened, name, by=who.actor.id, record=record)
    still = mentions(opened, known.name)
    try:
        declared = opened.project.person(known.name)
    except ComportaError:  # a project file that is broken keeps nobody from being forgotten
        declared = None
    return NameDeletion(id=known.id, events=still, declared=None if declared is None else declared.name)
