"""`comporta people`: who acted, by the ids of the record of events; who is in the team, and their keys."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from comporta.cli import show
from comporta.cli.options import AsJson, By, Where, day, not_blank
from comporta.cli.words import words as say
from comporta.errors import BadProject

if TYPE_CHECKING:
    from comporta.acts.upkeep.team import TeamChange
    from comporta.opened.mentions import Mentions

SHOWN = 20
"""Numbers of events that are printed."""


def list_(*, project: Where = None, json: AsJson = False) -> None:
    """The people that have acted or are declared: ids, names, roles, and when they were first seen."""
    from comporta.acts.upkeep.people import people
    from comporta.opened.project import open_project

    with open_project(project) as opened:
        found = people(opened)
    if json:
        show.json(found)
    elif not found:
        show.aside(say.NO_PEOPLE)
    else:
        denied = [(", ".join(each.denied),) if any(each.denied for each in found) else () for each in found]
        rows = [
            (each.id, each.name, each.role, each.keys, each.since, *more)
            for each, more in zip(found, denied, strict=True)
        ]
        show.table(
            "People",
            ("id", "name", "role", "keys", "first seen", *(("denied",) if any(denied) else ())),
            rows,
        )
        if not any(each.keys for each in found):
            show.aside(say.NAMES_CLAIMED)


def forget(
    name: Annotated[str, Parameter(help=say.NAME)],
    /,
    *,
    by: By = None,
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
        done = forget_person(opened, name, by=by or "")
    if json:
        show.json({"forgotten": done.id, "events": done.events})
        return
    show.line(say.FORGOTTEN.format(id=done.id))
    if done.events.count:
        show.line(_mentions_text(done.events))
    if done.declared is not None:
        show.aside(say.STILL_DECLARED.format(name=done.declared))


def key(*, json: AsJson = False) -> None:
    """Print your public key, made at first use; the private one stays in a file that only you can read.

    Give it to who adds you: comporta people add NAME --key KEY. It is one for all projects.
    """
    from comporta.opened.person_key import make_person_key, person_key_file, public_hex

    public = public_hex(make_person_key())
    if json:
        show.json({"key": public, "file": str(person_key_file())})
        return
    show.line(public)
    show.aside(say.PERSON_KEY.format(file=person_key_file()))


def add(
    name: Annotated[str, Parameter(help=say.TEAM_NAME)],
    /,
    *,
    role: Annotated[tuple[str, ...], Parameter(help=say.ROLE_GRANTED, negative="")] = (),
    key: Annotated[str | None, Parameter(help=say.PUBLIC_KEY, validator=not_blank)] = None,
    model: Annotated[str | None, Parameter(help=say.ROLE_MODEL, validator=not_blank)] = None,
    dataset: Annotated[str | None, Parameter(help=say.ROLE_DATASET, validator=not_blank)] = None,
    until: Annotated[str | None, Parameter(help=say.ROLE_UNTIL, validator=not_blank)] = None,
    service: Annotated[bool, Parameter(help=say.SERVICE, negative="")] = False,
    by: By = None,
    project: Where = None,
    json: AsJson = False,
) -> None:
    """Give somebody a role, or register their key.

    The first role must be admin. From then on only roles that were granted count.
    An admin grants, but does not approve.
    """
    from comporta.acts.upkeep.team import add_person
    from comporta.opened.project import open_project

    with open_project(project) as opened:
        done = add_person(
            opened,
            name,
            roles=role,
            key=key or "",
            model=model or "",
            dataset=dataset or "",
            until=None if until is None else day(until),
            service=service,
            by=by or "",
        )
    _tell(done, json)
    if "admin" in role:
        show.aside(say.ADMIN_GRANTS)


def revoke(
    name: Annotated[str, Parameter(help=say.NAME)],
    /,
    *,
    role: Annotated[tuple[str, ...], Parameter(help=say.ROLE_REVOKED, negative="")] = (),
    key: Annotated[str | None, Parameter(help=say.KEY_REVOKED, validator=not_blank)] = None,
    model: Annotated[str | None, Parameter(help=say.ROLE_MODEL, validator=not_blank)] = None,
    dataset: Annotated[str | None, Parameter(help=say.ROLE_DATASET, validator=not_blank)] = None,
    by: By = None,
    project: Where = None,
    json: AsJson = False,
) -> None:
    """End somebody's roles and keys, at once; with --role or --key only those."""
    from comporta.acts.upkeep.team import revoke_person
    from comporta.opened.project import open_project

    with open_project(project) as opened:
        done = revoke_person(
            opened, name, roles=role, key=key or "", model=model or "", dataset=dataset or "", by=by or ""
        )
    _tell(done, json)


def deny(
    name: Annotated[str, Parameter(help=say.NAME)],
    action: Annotated[str, Parameter(help=say.ACTION)],
    /,
    *,
    model: Annotated[str | None, Parameter(help=say.ROLE_MODEL, validator=not_blank)] = None,
    dataset: Annotated[str | None, Parameter(help=say.ROLE_DATASET, validator=not_blank)] = None,
    lift: Annotated[bool, Parameter(help=say.LIFT, negative="")] = False,
    by: By = None,
    project: Where = None,
    json: AsJson = False,
) -> None:
    """Forbid somebody one action, whatever their roles."""
    from comporta.acts.upkeep.team import deny_person
    from comporta.opened.project import open_project

    with open_project(project) as opened:
        done = deny_person(
            opened, name, action, model=model or "", dataset=dataset or "", lift=lift, by=by or ""
        )
    _tell(done, json)


def trust(
    name: Annotated[str, Parameter(help=say.SERVICE_NAME)],
    /,
    *,
    issuer: Annotated[str, Parameter(help=say.ISSUER)],
    audience: Annotated[str, Parameter(help=say.AUDIENCE)],
    jwks: Annotated[Path, Parameter(help=say.JWKS)],
    claim: Annotated[tuple[str, ...], Parameter(help=say.CLAIM, negative="")] = (),
    by: By = None,
    project: Where = None,
    json: AsJson = False,
) -> None:
    """Let jobs of a CI system act as a service account, by the token that the system signs for each job."""
    from comporta.acts.upkeep.team import trust_issuer
    from comporta.opened.project import open_project

    claims = dict(_pair(each) for each in claim)
    try:
        keys = jwks.read_bytes()
    except OSError as error:
        raise BadProject(f"{jwks}: cannot be read ({error.strerror}). Name the issuer's key set.") from None
    with open_project(project) as opened:
        done = trust_issuer(
            opened, name, issuer=issuer, audience=audience, claims=claims, jwks=keys, by=by or ""
        )
    _tell(done, json)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise BadProject(f"--claim: found {text!r}, expected NAME=VALUE.")
    return name, value


def _tell(done: TeamChange, json: bool) -> None:
    if json:
        show.json(done)
        return
    recorded = ", ".join(done.facts) or say.NOTHING_RECORDED
    show.line(say.TEAM_CHANGED.format(name=done.name, id=done.id, facts=recorded))


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
