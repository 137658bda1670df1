"""`comporta people`: who approved, waived or released, by the ids that the record of events holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from comporta.cli import show
from comporta.cli.options import AsJson, Where
from comporta.cli.words import words as say

if TYPE_CHECKING:
    from comporta.opened.mentions import Mentions

SHOWN = 20
"""Numbers of events that are printed."""


def list_(*, project: Where = None, json: AsJson = False) -> None:
    """The people that have acted or are declared: ids, names, roles, and when they were first seen."""
    from comporta.opened.people import people
    from comporta.opened.project import open_project

    with open_project(project) as opened:
        found = people(opened)
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
    """Delete a person's name: what they did stays recorded under their id.

    Their approvals no longer count for future releases. The same name gets another id afterwards. Events from
    before people had ids may still hold the name: their number is printed.
    """
    from comporta.acts.upkeep.people import forget as forget_person
    from comporta.opened.project import open_project

    with open_project(project) as opened:
        done = forget_person(opened, name)
    if json:
        show.json({"forgotten": done.id, "events": done.events})
        return
    show.line(say.FORGOTTEN.format(id=done.id))
    if done.events.count:
        show.line(_mentions_text(done.events))
    if done.declared is not None:
        show.aside(say.STILL_DECLARED.format(name=done.declared))


def _mentions_text(found: Mentions) -> str:
    """How many events hold the name, and what can be done with them."""
    ways = []
    if found.removable:
        ways.append(say.HELD_REMOVABLE.format(count=len(found.removable), seqs=_numbers(found.removable)))
    if found.fixed:
        ways.append(say.HELD_FIXED.format(count=len(found.fixed), seqs=_numbers(found.fixed)))
    return f"{say.STILL_HELD.format(count=found.count)}. {'; '.join(ways)}."


def _numbers(seqs: tuple[int, ...]) -> str:
    numbers = ", ".join(map(str, seqs[:SHOWN]))
    more = len(seqs) - SHOWN
    return say.MORE_IN_JSON.format(numbers=numbers, more=more) if more > 0 else numbers
