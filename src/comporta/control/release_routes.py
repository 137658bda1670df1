"""Routes of releases by plan: those under way, how one stands, and what a person does to it."""

from __future__ import annotations

import asyncio
from typing import Annotated

from litestar import Response, get, post
from litestar.params import Parameter

from comporta.control.act_routes import VERSION, ActBody
from comporta.control.guard import ACTION
from comporta.control.read_routes import HttpRequest, Limit, Number, perform

_READS = {ACTION: "version.read"}


@get("/releases", opt=_READS, sync_to_thread=True, summary="The releases under way")
def list_releases(
    request: HttpRequest,
    ended: Annotated[bool, Parameter(query="all", description="Those that ended too.")] = False,
    limit: Limit = 20,
) -> Response[bytes]:
    """As `comporta releases --json`; with `all=true` as with `--all`."""
    from comporta.acts.rollout.release_report import release_reports

    return perform(request, lambda opened: release_reports(opened, every=ended, limit=limit))


@get(
    f"{VERSION}/release",
    opt=_READS,
    summary="How a version's newest release by plan stands, or ended",
)
async def show_release(request: HttpRequest, model: str, number: Number) -> Response[bytes]:
    """As `comporta release VERSION --status --json`."""
    from comporta.acts.rollout.release_report import release_report

    return await asyncio.to_thread(
        perform, request, lambda opened: release_report(opened, f"{model}/{number}", full=True)
    )


@post(
    f"{VERSION}/release/pause",
    opt={ACTION: "release.abort"},
    sync_to_thread=True,
    status_code=200,
    summary="Have a release stay as it is",
)
def pause_release(request: HttpRequest, model: str, number: Number) -> Response[bytes]:
    """As `comporta release VERSION --pause --json`: 409 where none is under way."""
    from comporta.acts.rollout.steering import pause

    return perform(request, lambda opened: pause(opened, f"{model}/{number}"))


@post(
    f"{VERSION}/release/resume",
    opt={ACTION: "release.execute"},
    sync_to_thread=True,
    status_code=200,
    summary="Have a release that waits go on",
)
def resume_release(request: HttpRequest, model: str, number: Number) -> Response[bytes]:
    """As `comporta release VERSION --resume --json`."""
    from comporta.acts.rollout.steering import resume

    return perform(request, lambda opened: resume(opened, f"{model}/{number}"))


@post(
    f"{VERSION}/release/abort",
    opt={ACTION: "release.abort"},
    sync_to_thread=True,
    status_code=200,
    summary="End a release: all traffic is the champion's again",
)
def abort_release(
    request: HttpRequest, model: str, number: Number, data: ActBody | None = None
) -> Response[bytes]:
    """As `comporta release VERSION --abort --json`."""
    from comporta.acts.rollout.steering import abort

    body = data or ActBody()

    return perform(request, lambda opened: abort(opened, f"{model}/{number}", reason=body.reason))


@post(
    f"{VERSION}/release/promote",
    opt={ACTION: "release.execute"},
    sync_to_thread=True,
    status_code=200,
    summary="End a release with all traffic for the version, before outcomes decide",
)
def promote_release(
    request: HttpRequest, model: str, number: Number, data: ActBody | None = None
) -> Response[bytes]:
    """As `comporta release VERSION --promote --json`."""
    from comporta.acts.rollout.steering import promote

    body = data or ActBody()

    return perform(request, lambda opened: promote(opened, f"{model}/{number}", reason=body.reason))


RELEASE_ROUTES = (list_releases, show_release, pause_release, resume_release, abort_release, promote_release)
