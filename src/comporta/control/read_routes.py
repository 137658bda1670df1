"""Routes that only read: models and versions, runs, lineage."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated, Any, Literal

from litestar import Request, Response, get
from litestar.params import Parameter

from comporta.control.guard import ACTION, ProjectActs
from comporta.control.replies import json_response
from comporta.errors import BadRequest
from comporta.opened.project import OpenProject

HttpRequest = Request[Any, Any, Any]
Limit = Annotated[int, Parameter(ge=1, le=1000, description="How many, the newest of them.")]
Number = Annotated[int, Parameter(ge=1, le=2**53, description="The number of a version.")]
_READS_VERSIONS, _READS_DATA = {ACTION: "version.read"}, {ACTION: "data.read"}


def acts_of(request: HttpRequest) -> ProjectActs:
    """The acts of the project that this application is about."""
    acts: ProjectActs = request.app.state.acts
    return acts


def perform(
    request: HttpRequest, work: Callable[[OpenProject], object], status: int = 200
) -> Response[bytes]:
    """What an act gives, done by the person who made the request's token. Raises what it does."""
    request.state.acts = True
    return json_response(acts_of(request).perform(request.state.token, work), status)


async def perform_in_thread(
    request: HttpRequest, work: Callable[[OpenProject], object], status: int = 200
) -> Response[bytes]:
    """The same, for a route that is a coroutine: others are answered meanwhile."""
    return await asyncio.to_thread(perform, request, work, status)


@get("/models", opt=_READS_VERSIONS, sync_to_thread=True, summary="The newest versions of every model")
def list_models(request: HttpRequest, limit: Limit = 20) -> Response[bytes]:
    """As `comporta models --json`, the metrics aside."""
    from comporta.acts.release.release import models

    return perform(request, lambda opened: models(opened, "", limit))


@get("/models/{model:str}", opt=_READS_VERSIONS, sync_to_thread=True, summary="The versions of a model")
def show_model(request: HttpRequest, model: str, limit: Limit = 20) -> Response[bytes]:
    """As `comporta models MODEL --json`, the metrics aside."""
    from comporta.acts.release.release import models

    return perform(request, lambda opened: models(opened, model, limit))


@get(
    "/models/{model:str}/versions/{number:int}",
    opt=_READS_VERSIONS,
    sync_to_thread=True,
    summary="One version with its verdicts, approvals and waivers",
)
def show_version(request: HttpRequest, model: str, number: Number) -> Response[bytes]:
    """As `comporta models MODEL/NUMBER --json`, the metrics aside."""
    from comporta.acts.release.release import version_view
    from comporta.opened.conceal import reveal_version
    from comporta.opened.people import with_names

    def look(opened: Any) -> Any:
        found = reveal_version(opened, version_view(opened, f"{model}/{number}"))
        return with_names(opened, found)[0]

    return perform(request, look)


@get(
    "/models/{model:str}/versions/{number:int}/report",
    opt=_READS_VERSIONS,
    sync_to_thread=True,
    summary="The verdicts of a version with what they rest on",
)
def show_report(request: HttpRequest, model: str, number: Number) -> Response[bytes]:
    """As `comporta report MODEL/NUMBER --json`."""
    from comporta.acts.judge.report import report

    return perform(request, lambda opened: report(opened, f"{model}/{number}"))


@get(
    "/models/{model:str}/compare",
    opt=_READS_VERSIONS,
    sync_to_thread=True,
    summary="Versions of a model side by side",
)
def compare_versions(
    request: HttpRequest,
    model: str,
    versions: Annotated[list[int], Parameter(description="Two numbers or more, each as one `versions=`.")],
) -> Response[bytes]:
    """As `comporta compare A B C --json`."""
    from comporta.acts.judge.compare_several import compare_several

    if not 2 <= len(versions) <= 20:
        raise BadRequest(f"versions: found {len(versions)}, expected from 2 to 20: ?versions=1&versions=2")
    names = tuple(f"{model}/{number}" for number in versions)
    return perform(request, lambda opened: compare_several(opened, names))


@get("/runs", opt=_READS_VERSIONS, sync_to_thread=True, summary="The latest runs")
def list_runs(request: HttpRequest, limit: Limit = 20) -> Response[bytes]:
    """As `comporta runs --json`, without the versions that they led to."""
    from comporta.acts.build.run_views import runs

    return perform(request, lambda opened: runs(opened, limit))


@get("/runs/{run:str}", opt=_READS_VERSIONS, sync_to_thread=True, summary="One run, its steps and their cost")
def show_run(request: HttpRequest, run: str) -> Response[bytes]:
    """As `comporta show RUN --json`."""
    from comporta.acts.build.run_views import run_of

    return perform(request, lambda opened: run_of(opened, run))


@get(
    "/trace",
    opt=_READS_DATA,
    sync_to_thread=True,
    summary="Lineage: where a thing came from, what it touched",
)
def trace_lineage(
    request: HttpRequest,
    id: Annotated[str, Parameter(min_length=1, max_length=500, description="As `comporta trace ID`.")],
    direction: Literal["both", "back", "forward"] = "both",
) -> Response[bytes]:
    """As `comporta trace ID --json`."""
    from comporta.acts.trace.trace import trace

    forward = {"both": None, "back": False, "forward": True}[direction]
    return perform(request, lambda opened: trace(opened, id, forward=forward))


READ_ROUTES = (
    list_models, show_model, show_version, show_report, compare_versions, list_runs, show_run, trace_lineage,
)  # fmt: skip
