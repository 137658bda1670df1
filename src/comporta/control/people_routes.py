"""Who is in the team: roles given and ended, actions forbidden, a name deleted.

A name stands in the body and never in the address, which proxies write into their logs.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec
from litestar import Response, get, post

from comporta.control.bodies import Name, RequestBody, end_of
from comporta.control.guard import ACTION
from comporta.control.read_routes import HttpRequest, perform, perform_in_thread

PersonName = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
_GRANTS = {ACTION: "role.grant"}


class RolesBody(RequestBody, frozen=True, kw_only=True):
    """name: of a person, or of a service account. role: what they get. model, dataset: the roles are for it
    alone. until: the last day of them. service: it is an account for a program."""

    name: PersonName
    role: tuple[Name, ...] = ()
    model: Name = ""
    dataset: Name = ""
    until: date | None = None
    service: bool = False


class RevocationBody(RequestBody, frozen=True, kw_only=True):
    """name: or an id. role, key: these alone end; with neither, all. key: the first digits of one."""

    name: PersonName
    role: tuple[Name, ...] = ()
    key: Name = ""
    model: Name = ""
    dataset: Name = ""


class DenialBody(RequestBody, frozen=True, kw_only=True):
    """name: or an id. action: what they may not do, whatever their roles. lift: they may again."""

    name: PersonName
    action: Name
    model: Name = ""
    dataset: Name = ""
    lift: bool = False


class PersonBody(RequestBody, frozen=True, kw_only=True):
    """name: or an id."""

    name: PersonName


# Two that share a path are coroutines: see `job_routes`.
@get("/people", opt={ACTION: "version.read"}, summary="Who acted or is declared, and in what role")
async def list_people(request: HttpRequest) -> Response[bytes]:
    """As `comporta people list --json`."""
    from comporta.acts.upkeep.people import people

    return await perform_in_thread(request, people)


@post("/people", opt=_GRANTS, status_code=200, summary="Give somebody a role")
async def grant_roles(request: HttpRequest, data: RolesBody) -> Response[bytes]:
    """As `comporta people add NAME --role ROLE --json`. Keys are registered at the command line alone."""
    from comporta.acts.upkeep.team import TeamChange, add_person
    from comporta.opened.project import OpenProject

    def work(opened: OpenProject) -> TeamChange:
        return add_person(
            opened,
            data.name,
            roles=data.role,
            model=data.model,
            dataset=data.dataset,
            until=end_of(data.until),
            service=data.service,
        )

    return await perform_in_thread(request, work)


@post(
    "/people/revoke",
    opt=_GRANTS,
    sync_to_thread=True,
    status_code=200,
    summary="End somebody's roles and keys, at once",
)
def revoke_roles(request: HttpRequest, data: RevocationBody) -> Response[bytes]:
    """As `comporta people revoke NAME --json`."""
    from comporta.acts.upkeep.team import revoke_person

    return perform(
        request,
        lambda opened: revoke_person(
            opened, data.name, roles=data.role, key=data.key, model=data.model, dataset=data.dataset
        ),
    )


@post("/people/deny", opt=_GRANTS, sync_to_thread=True, status_code=200, summary="Forbid somebody one action")
def deny_action(request: HttpRequest, data: DenialBody) -> Response[bytes]:
    """As `comporta people deny NAME ACTION --json`."""
    from comporta.acts.upkeep.team import deny_person

    return perform(
        request,
        lambda opened: deny_person(
            opened, data.name, data.action, model=data.model, dataset=data.dataset, lift=data.lift
        ),
    )


@post(
    "/people/forget",
    opt={ACTION: "erase.execute"},
    sync_to_thread=True,
    status_code=200,
    summary="Delete a person's name; what they did stays, under their id",
)
def forget_person(request: HttpRequest, data: PersonBody) -> Response[bytes]:
    """As `comporta people forget NAME --json`."""
    from comporta.acts.upkeep.people import forget
    from comporta.opened.project import OpenProject

    def work(opened: OpenProject) -> object:
        done = forget(opened, data.name)
        return {"forgotten": done.id, "events": done.events}

    return perform(request, work)


PEOPLE_ROUTES = (list_people, grant_roles, revoke_roles, deny_action, forget_person)
