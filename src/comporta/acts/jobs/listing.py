"""The jobs there are, and the runs that somebody began without one."""

from __future__ import annotations

from comporta import jobs
from comporta.acts.build.run_views import runs
from comporta.acts.jobs.ask import find_job
from comporta.engine import RUNS
from comporta.opened.permission import require_permission
from comporta.opened.project import OpenProject
from comporta.opened.removals import text_of
from comporta.records import Record, Run
from comporta.records.job import Job


class JobView(Record, frozen=True, kw_only=True):
    """A job as it stands. run: that its newest attempt began, or None. log: what that printed, where it did
    not end well."""

    job: Job
    run: Run | None = None
    log: str = ""


class JobList(Record, frozen=True, kw_only=True):
    """running: the jobs at work, those that began first before the others. waiting: the first to begin first.
    ended: the newest first. runs: those at work that no job began."""

    running: tuple[JobView, ...]
    waiting: tuple[JobView, ...]
    ended: tuple[JobView, ...]
    runs: tuple[Run, ...]


def job_list(opened: OpenProject, limit: int = 20) -> JobList:
    """limit: how many that wait, and how many that ended of the newest ten times as many. Raises
    Forbidden."""
    require_permission(opened, "version.read")
    ledger = opened.ledger
    running = [_view(opened, jobs.job_of(ledger, id)) for id, _ in ledger.scan(jobs.RUNNING)]
    waiting = [
        each for prefix in ("now/", "by/") for _, each in ledger.scan(jobs.WAITING, prefix, limit=limit)
    ]
    newest = (job for _, job in ledger.scan(jobs.JOBS, newest=True, limit=10 * limit))
    ended = [JobView(job=job) for job in newest if job.ended is not None][:limit]
    return JobList(
        running=tuple(sorted(running, key=lambda each: each.job.started or each.job.queued)),
        waiting=tuple(JobView(job=jobs.job_of(ledger, each.job)) for each in waiting[:limit]),
        ended=tuple(ended),
        runs=tuple(
            run
            for run in runs(opened, limit)
            if run.outcome == "running" and run.id not in {each.job.run for each in running}
        ),
    )


def newest_jobs(opened: OpenProject, limit: int) -> tuple[str, ...]:
    """Their ids, the newest first. Raises Forbidden."""
    require_permission(opened, "version.read")
    return tuple(id for id, _ in opened.ledger.scan(jobs.JOBS, newest=True, limit=limit))


def job_view(opened: OpenProject, name: str) -> JobView:
    """The job of this id, or of its beginning, with its run and log. Raises NotFound, Forbidden."""
    require_permission(opened, "version.read")
    view = _view(opened, find_job(opened, name))
    evidence = view.job.evidence
    log = "" if evidence is None else text_of(opened.context, opened.ledger, evidence)
    return JobView(job=view.job, run=view.run, log=log)


def _view(opened: OpenProject, job: Job) -> JobView:
    return JobView(job=job, run=opened.ledger.get(RUNS, job.run) if job.run else None)
