"""`comporta people`: who approved, waived or released, by the ids that the record of events holds."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from comporta.cli import show
from comporta.cli import words as say
from comporta.cli.options import AsJson, Where
from comporta.errors import ComportaError


def list_(*, project: Where = None, json: AsJson = False) -> None:
    """The people that have acted or are declared: ids, names, roles, and when they were first seen."""
    from comporta.opened.people import people
    from comporta.opened.project import open_house

    with open_house(project) as house:
        found = people(house)
    if json:
        show.json(found)
    elif not found:
        show.aside(say.NO_PEOPLE)
    else:
        rows = [(each.id, each.name, each.role, each.since) for each in found]
        show.table("People", ("id", "name", "role", "first seen"), rows)


def forget(
    name: Annotated[str, Parameter(help=say.NAME)],
    /,
    *,
    project: Where = None,
    json: AsJson = False,
) -> None:
    """Delete a person's name: what they did stays, and nobody can say any more who it was.

    An approval of theirs counts no more for a release to come. The same name afterwards gets another id.
    """
    from comporta.opened.people import forget as forgotten
    from comporta.opened.project import open_house

    with open_house(project) as house:
        known = forgotten(house, name)
        try:
            declared = house.project.person(known.name)
        except ComportaError:  # a project file that is broken keeps nobody from being forgotten
            declared = None
    if json:
        show.json({"forgotten": known.id})
        return
    show.line(say.FORGOTTEN.format(id=known.id))
    if declared is not None:
        show.aside(say.STILL_DECLARED.format(name=declared.name))
