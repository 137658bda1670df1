"""Jobs over HTTP: what takes long is asked for here and carried out by a worker."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import Parameter

from comporta.control.bodies import Name, RequestBody
from comporta.control.guard import ACTION
from comporta.control.read_routes import HttpRequest, Limit, perform, perform_in_thread
from comporta.opened.project import OpenProject
from comporta.records.job import Job, JobLimits, JobPriority, JobValue

JobNamed = Annotated[str, Parameter(max_length=100, description="A job's id, or its beginning.")]


class JobBody(RequestBody, frozen=True, kw_only=True):
    """act: `run`, `gate`, `reproduce`, `predict`, `compact`, `verify` or `gc`. arguments: of that act,
    `{"models": ["late"]}`. priority: its class; null: the act's own. pool: jobs of one pool run only so many
    at a time. key: a second request with it is the first one. not_before: when it may begin, with a time
    zone."""

    act: Name
    arguments: dict[Name, JobValue] = {}
    priority: JobPriority | None = None
    pool: Name = ""
    limits: JobLimits = JobLimits()
    key: Name = ""
    not_before: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


class PriorityBody(RequestBody, frozen=True, kw_only=True):
    """to: the class that it gets."""

    to: JobPriority = "urgent"


_READS, _STEERS = {ACTION: "version.read"}, {ACTION: "train.run"}


# Two that share a path are coroutines: Litestar would call one that is to run in a thread without waiting.
@get("/jobs", opt=_READS, summary="Jobs at work, waiting and ended; runs without a job")
async def list_jobs(request: HttpRequest, limit: Limit = 20) -> Response[bytes]:
    """As `comporta jobs --json`."""
    from comporta.acts.jobs.listing import job_list

    return await perform_in_thread(request, lambda opened: job_list(opened, limit))


@get("/jobs/{job:str}", opt=_READS, sync_to_thread=True, summary="One job, its run and what it printed")
def show_job(request: HttpRequest, job: JobNamed) -> Response[bytes]:
    """As `comporta job show JOB --json`."""
    from comporta.acts.jobs.listing import job_view

    return perform(request, lambda opened: job_view(opened, job))


@post("/jobs", opt=_STEERS, status_code=202, summary="Ask for what takes long: a run, a gate")
async def ask_for_job(request: HttpRequest, data: JobBody) -> Response[bytes]:
    """As `comporta run --queue --json`: the job, which waits for a worker; of a known key the earlier one."""
    from comporta.acts.jobs.ask import ask
    from comporta.acts.jobs.queued_acts import arguments_of

    def work(opened: OpenProject) -> Job:
        return ask(
            opened,
            data.act,
            arguments_of(data.act, data.arguments),
            priority=data.priority,
            pool=data.pool,
            limits=data.limits,
            key=data.key,
            not_before=data.not_before,
        )

    return await perform_in_thread(request, work, 202)


@post("/jobs/{job:str}/cancel", opt=_STEERS, sync_to_thread=True, status_code=200, summary="End a job")
def cancel_job(request: HttpRequest, job: JobNamed) -> Response[bytes]:
    """As `comporta job cancel JOB --json`."""
    from comporta.acts.jobs.ask import cancel

    return perform(request, lambda opened: cancel(opened, job))


@post(
    "/jobs/{job:str}/retry",
    opt=_STEERS,
    sync_to_thread=True,
    status_code=200,
    summary="Have a job carried out again",
)
def retry_job(request: HttpRequest, job: JobNamed) -> Response[bytes]:
    """As `comporta job retry JOB --json`."""
    from comporta.acts.jobs.ask import retry

    return perform(request, lambda opened: retry(opened, job))


@post(
    "/jobs/{job:str}/raise",
    opt=_STEERS,
    sync_to_thread=True,
    status_code=200,
    summary="Give a job that waits another class",
)
def raise_job(request: HttpRequest, job: JobNamed, data: PriorityBody | None = None) -> Response[bytes]:
    """As `comporta job raise JOB --to CLASS --json`."""
    from comporta.acts.jobs.ask import raise_priority

    to = (data or PriorityBody()).to
    return perform(request, lambda opened: raise_priority(opened, job, to))


JOB_ROUTES = (list_jobs, show_job, ask_for_job, cancel_job, retry_job, raise_job)
