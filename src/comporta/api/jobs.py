"""The jobs of a project from Python: `comporta jobs`, `job`, `work`."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from comporta.api.listing import Listing
from comporta.records.job import Job, JobLimits, JobPriority

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from threading import Event

    from comporta.acts.jobs.listing import JobView
    from comporta.opened.project import OpenProject
    from comporta.records import Run

_COLUMNS = ("job", "act", "class", "state", "asked", "took")


class ProjectJobs:
    """What a worker carries out, now or later. Its methods do what `comporta job` and a verb do."""

    def __init__(self, opens: Callable[..., AbstractContextManager[OpenProject]]) -> None:
        self._opens = opens

    def run(
        self,
        *models: str,
        priority: JobPriority = "build",
        pool: str = "",
        limits: JobLimits | None = None,
        key: str = "",
        not_before: datetime | None = None,
    ) -> Job:
        """Asks for a run, as `comporta run --queue` does: recorded, it outlives any process. models: names;
        none: all.

        pool: jobs of one pool run only so many at a time, as `job_pools` says. limits: attempts and seconds.
        key: where a job of this key was asked for, that one. not_before: when it may begin, with a time zone.
        Raises BadProject, NotFound, Forbidden.
        """
        from comporta.acts.jobs.ask import ask
        from comporta.acts.jobs.queued_acts import RunArguments

        with self._opens() as opened:
            return ask(
                opened,
                "run",
                RunArguments(models=models),
                priority=priority,
                pool=pool,
                limits=limits or JobLimits(),
                key=key,
                not_before=not_before,
            )

    def list(self, limit: int = 20) -> Listing[Job]:
        """Those at work, those that wait, and those that ended. Raises Forbidden."""
        from comporta.acts.jobs.listing import job_list

        with self._opens() as opened:
            found = job_list(opened, limit)
        every = [each.job for each in (*found.running, *found.waiting, *found.ended)]
        return Listing(
            every,
            title="Jobs",
            columns=_COLUMNS,
            row=lambda job: (
                job.id, job.request.act, job.request.priority, job.state, f"{job.queued:%Y-%m-%d %H:%M}",
                round(job.seconds, 1),
            ),
        )  # fmt: skip

    def show(self, job: str) -> JobView:
        """One job, with its run and what its last attempt printed where it did not end well. job: its id, or
        its beginning. Raises NotFound, Forbidden."""
        from comporta.acts.jobs.listing import job_view

        with self._opens() as opened:
            return job_view(opened, job)

    def cancel(self, job: str) -> Job | Run:
        """Ends a job; one that runs is ended by its worker. Or a run that no job began, by its id. Raises
        NotFound, Refused, Forbidden."""
        from comporta.acts.jobs import ask

        with self._opens() as opened:
            return ask.cancel(opened, job)

    def retry(self, job: str) -> Job:
        """Has a job that did not end well carried out again. Raises NotFound, Refused, Forbidden."""
        from comporta.acts.jobs import ask

        with self._opens() as opened:
            return ask.retry(opened, job)

    def raise_priority(self, job: str, to: JobPriority = "urgent") -> Job:
        """Gives a job that waits another class. Raises NotFound, Refused, Forbidden."""
        from comporta.acts.jobs import ask

        with self._opens() as opened:
            return ask.raise_priority(opened, job, to)

    def work(self, stop: Event | None = None) -> int:
        """Carries out jobs until none may begin now, or until `stop` is set: how many attempts. Each runs in
        a process of its own, with the code of the commit that is current where `[code]` names a branch.
        Raises Forbidden, BadProject; Refused while no commit of the branch has loaded."""
        import threading

        from comporta.acts.jobs.worker import open_worker
        from comporta.opened.deployed import with_deployed_code

        with self._opens() as opened, with_deployed_code(opened) as deployed:
            worker = open_worker(deployed, lambda notice: None)
            return worker.work(stop or threading.Event(), once=stop is None)
