"""What runs, and what is asked for by itself."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Response, get, post

from comporta.control.bodies import Name, RequestBody
from comporta.control.guard import ACTION
from comporta.control.read_routes import HttpRequest, perform
from comporta.opened.project import OpenProject

_READS = {ACTION: "version.read"}


class TickBody(RequestBody, frozen=True, kw_only=True):
    """schedule: this one; empty: all. at: the time that it is, with a time zone; null: now."""

    schedule: Name = ""
    at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


@get("/status", opt=_READS, sync_to_thread=True, summary="What `comporta up` runs, and how each part does")
def show_status(request: HttpRequest) -> Response[bytes]:
    """As `comporta status --json`."""
    from comporta.acts.up.status import status_of

    return perform(request, status_of)


@get("/schedules", opt=_READS, sync_to_thread=True, summary="What is asked for by itself, and when next")
def list_schedules(request: HttpRequest) -> Response[bytes]:
    """As `comporta schedules --json`."""
    from comporta.acts.jobs.tick import schedule_views

    return perform(request, schedule_views)


@post(
    "/ticks",
    opt={ACTION: "train.run"},
    sync_to_thread=True,
    status_code=200,
    summary="Ask for what schedules say that is due",
)
def ask_for_ticks(request: HttpRequest, data: TickBody | None = None) -> Response[bytes]:
    """As `comporta tick SCHEDULE --at TIME --json`: the same tick gives the same job. `outcome` is `done`,
    `later` or `refused`."""
    from comporta.acts.jobs.tick import outcome_of, tick

    body = data or TickBody()

    def work(opened: OpenProject) -> object:
        found = tick(opened, body.at, body.schedule)
        return {"outcome": outcome_of(found), "ticks": found}

    return perform(request, work)


OPERATION_ROUTES = (show_status, list_schedules, ask_for_ticks)
