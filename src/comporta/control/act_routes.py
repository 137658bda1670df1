"""Routes that change something: approve, waive, ask for a release, release, roll back."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import msgspec
from litestar import Response, post

from comporta.control.bodies import RequestBody, Sentence, end_of
from comporta.control.guard import ACTION
from comporta.control.read_routes import HttpRequest, Number, acts_of, perform, perform_in_thread
from comporta.control.replies import json_response
from comporta.opened.project import OpenProject


class ActBody(RequestBody, frozen=True, kw_only=True):
    """reason: why, for the record."""

    reason: Sentence = ""


class ApprovalBody(RequestBody, frozen=True, kw_only=True):
    """reason: why. role: in what role, where the project declares no people."""

    reason: Sentence = ""
    role: Sentence = ""


class ReleaseBody(RequestBody, frozen=True, kw_only=True):
    """reason: why. at_once: all traffic now, whatever the model's plan says."""

    reason: Sentence = ""
    at_once: bool = False


class WaiverBody(RequestBody, frozen=True, kw_only=True):
    """check: its name. reason: why. until: the last day, UTC."""

    check: Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
    until: date


VERSION = "/models/{model:str}/versions/{number:int}"


@post(
    f"{VERSION}/approve",
    opt={ACTION: "release.approve"},
    sync_to_thread=True,
    status_code=200,
    summary="Approve a version, in the name of who made the token",
)
def approve_version(
    request: HttpRequest, model: str, number: Number, data: ApprovalBody | None = None
) -> Response[bytes]:
    """As `comporta approve VERSION --json`."""
    from comporta.acts.release.release import approve

    body = data or ApprovalBody()

    return perform(
        request, lambda opened: approve(opened, f"{model}/{number}", role=body.role, reason=body.reason)
    )


@post(
    f"{VERSION}/waive",
    opt={ACTION: "verdict.waive"},
    sync_to_thread=True,
    status_code=200,
    summary="Exempt a version from one check until a day",
)
def waive_check(request: HttpRequest, model: str, number: Number, data: WaiverBody) -> Response[bytes]:
    """As `comporta waive VERSION CHECK --json`."""
    from comporta.acts.judge.waive import waive

    until = end_of(data.until)
    assert until is not None
    return perform(
        request,
        lambda opened: waive(opened, f"{model}/{number}", data.check, reason=data.reason, until=until),
    )


@post(
    f"{VERSION}/request",
    opt={ACTION: "release.request"},
    sync_to_thread=True,
    status_code=200,
    summary="Ask for the release of a version",
)
def request_version(
    request: HttpRequest, model: str, number: Number, data: ActBody | None = None
) -> Response[bytes]:
    """As `comporta request VERSION --json`."""
    from comporta.acts.release.request import request_release

    body = data or ActBody()

    found = acts_of(request).perform(
        request.state.token,
        lambda opened: request_release(opened, f"{model}/{number}", reason=body.reason),
    )
    return json_response({"version": found.id, "state": found.state})


@post(
    f"{VERSION}/release",
    opt={ACTION: "release.execute"},
    status_code=200,
    summary="Begin a version's release by its model's plan, or give it all traffic",
)
async def release_version(
    request: HttpRequest, model: str, number: Number, data: ReleaseBody | None = None
) -> Response[bytes]:
    """As `comporta release VERSION --json`: 409 where a required check blocks it. Where its model declares a
    plan the plan begins, unless `at_once` is true."""
    from comporta.acts.release.release import release
    from comporta.acts.rollout.begin import begin_plan, has_plan

    body, version = data or ReleaseBody(), f"{model}/{number}"

    def work(opened: OpenProject) -> object:
        if not body.at_once and has_plan(opened, version):
            return begin_plan(opened, version, reason=body.reason)
        return release(opened, version, reason=body.reason)

    # A coroutine, as its path has two methods: Litestar would wrap one that is to run in a thread twice.
    return await perform_in_thread(request, work)


@post(
    "/models/{model:str}/rollback",
    opt={ACTION: "release.abort"},
    sync_to_thread=True,
    status_code=200,
    summary="Give all traffic back to the previous version",
)
def roll_back_model(request: HttpRequest, model: str, data: ActBody | None = None) -> Response[bytes]:
    """As `comporta rollback MODEL --json`."""
    from comporta.acts.release.release import rollback

    body = data or ActBody()

    return perform(request, lambda opened: rollback(opened, model, reason=body.reason))


ACT_ROUTES = (approve_version, waive_check, request_version, release_version, roll_back_model)
