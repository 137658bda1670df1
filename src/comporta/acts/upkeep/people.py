"""Delete a person's name, and say where it still stands."""

from __future__ import annotations

from comporta.errors import ComportaError
from comporta.opened.mentions import Mentions, mentions
from comporta.opened.people import forget as forget_name
from comporta.opened.project import OpenProject
from comporta.records import Record


class NameDeletion(Record, frozen=True, kw_only=True):
    """id: whose name was deleted. events: those that hold it still. declared: the name under which the
    project's file declares them still, or None."""

    id: str
    events: Mentions
    declared: str | None


def forget(opened: OpenProject, name: str) -> NameDeletion:
    """Deletes the name of this person, given by name or id; what they did stays recorded. Raises NotFound."""
    known = forget_name(opened, name)
    still = mentions(opened, known.name)
    try:
        declared = opened.project.person(known.name)
    except ComportaError:  # a project file that is broken keeps nobody from being forgotten
        declared = None
    return NameDeletion(id=known.id, events=still, declared=None if declared is None else declared.name)
