"""A worker: claims jobs one after another, has each carried out in a process of its own, and records its end.

It holds what it works on by a lease, and ends an attempt itself where it cannot renew that: nobody need hear
of it for its job to go on elsewhere.
"""

from __future__ import annotations

import secrets
import shutil
import threading
import time
from collections.abc import Callable
from typing import Literal, NamedTuple

from comporta import jobs
from comporta.acts.jobs.attempt import AttemptReport
from comporta.acts.jobs.attempt_process import AttemptProcess
from comporta.acts.jobs.rules import claim_rules
from comporta.engine import LEASES
from comporta.engine.step_recorder import end_stopped
from comporta.errors import ComportaError
from comporta.jobs import AttemptEnd, ClaimRules, LeaseWatch
from comporta.jobs.codes import CANCELLED, STOPPED, TIMEOUT
from comporta.opened.permission import require_permission
from comporta.opened.project import OpenProject
from comporta.records import Artifact, Transaction
from comporta.records.job import Job

POLL = 0.5
"""Seconds between two looks at whether anything waits."""
_BEAT = 0.05


class JobNotice(NamedTuple):
    """What a worker tells while it works. job: as it stands after."""

    happened: Literal["started", "ended", "superseded"]
    job: Job


class JobWorker:
    """Works on one job at a time. notify: called with what happens."""

    def __init__(
        self,
        opened: OpenProject,
        rules: ClaimRules,
        notify: Callable[[JobNotice], None] = lambda notice: None,
    ) -> None:
        self._opened, self._rules, self._notify = opened, rules, notify
        self._watch = LeaseWatch()
        self.id = f"worker-{secrets.token_hex(6)}"

    def work(self, stop: threading.Event, *, once: bool = False) -> int:
        """How many attempts it made, until it is asked to stop. once: or until nothing may begin now."""
        made = 0
        while not stop.is_set():
            job = self._next()
            if job is not None:
                self._attempt(job, stop)
                made += 1
            elif once:
                break
            else:
                stop.wait(POLL)
        return made

    def _next(self) -> Job | None:
        """The job that it begins now; those of silent workers are taken back first."""
        ledger, now = self._opened.ledger, self._opened.now()
        running = [each for _, each in ledger.scan(jobs.RUNNING)]
        leases = {each.name: each for each in ledger.leases()} if running else {}
        silent = jobs.expired_attempts(running, leases, now, self._watch)
        if not silent and next(jobs.due(ledger, now), None) is None:
            return None  # asked without a transaction: most looks find nothing

        def act(tx: Transaction) -> Job | None:
            for each, end in silent:
                lease = tx.lease(jobs.lease_name(each.job))
                if lease is None or lease.beat == leases[lease.name].beat:
                    _settle(tx, each.job, each.token, end)
            return jobs.claim(tx, self.id, self._rules)

        return ledger.transact(act)

    def _attempt(self, job: Job, stop: threading.Event) -> None:
        self._notify(JobNotice("started", job))
        attempt = AttemptProcess(
            self._opened.root, self._opened.below / "jobs" / f"{job.id}-{job.token}", job
        )
        try:
            report = self._watch_over(attempt, job, stop)
            attempt.kill()  # also what it left behind
            after = None if report is None else self._record(job, attempt, report)
        finally:
            attempt.close()
        if after is None:
            self._notify(JobNotice("superseded", jobs.job_of(self._opened.ledger, job.id)))
        else:
            self._notify(JobNotice("ended", after))

    def _watch_over(self, attempt: AttemptProcess, job: Job, stop: threading.Event) -> AttemptReport | None:
        """How the attempt ended; None where another took its place, or the lease could not be renewed."""
        limit = job.request.limits.seconds
        renewed = time.monotonic()
        due = renewed + self._rules.lease / 3
        while not attempt.has_ended():
            if attempt.seconds > limit:
                return AttemptReport(outcome="timeout", reason=TIMEOUT(seconds=limit))
            if stop.is_set():
                return AttemptReport(outcome="stopped", reason=STOPPED())
            if time.monotonic() >= due:
                asked = time.monotonic()
                try:
                    known = self._opened.ledger.transact(
                        lambda tx: jobs.renew(tx, job.id, job.token, self.id, self._rules)
                    )
                except ComportaError:
                    if time.monotonic() - renewed > self._rules.lease:
                        return None
                else:
                    if known is None:
                        return None
                    if known.cancel:
                        return AttemptReport(outcome="cancelled", reason=CANCELLED())
                    renewed = asked
                due = time.monotonic() + self._rules.lease / 3
            stop.wait(_BEAT)
        return attempt.report()

    def _record(self, job: Job, attempt: AttemptProcess, report: AttemptReport) -> Job | None:
        """The job once the attempt's end is recorded; None where another took its place. Asked again where
        the ledger has no room or is busy, as long as the lease may be ours."""
        seconds = attempt.seconds
        evidence = None if report.outcome == "done" else self._keep_log(attempt.log())

        def act(tx: Transaction) -> Job | None:
            known = jobs.job_of(tx, job.id)
            present = report.present
            if report.outcome == "died" and not present:
                asked = tx.get(LEASES, known.run) if known.run else None
                present = tuple(sorted(asked.until)) if asked is not None and asked.until else (job.id,)
            end = AttemptEnd(
                outcome=report.outcome,
                seconds=seconds,
                run=known.run,
                present=present,
                reason=report.reason,
                evidence=evidence,
                result=report.result,
            )
            return _settle(tx, job.id, job.token, end)

        until = time.monotonic() + self._rules.lease
        while True:
            try:
                return self._opened.ledger.transact(act)
            except ComportaError:
                if time.monotonic() > until:
                    raise
                time.sleep(POLL)

    def _keep_log(self, log: bytes) -> Artifact | None:
        try:
            return self._opened.context.put(log, "text") if log else None
        except (ComportaError, OSError):  # no room for it: the job's end counts more
            return None


def _settle(tx: Transaction, job: str, token: int, end: AttemptEnd) -> Job | None:
    """Records the attempt's end, and that of the run that it left unfinished."""
    known = jobs.job_of(tx, job)
    after = jobs.settle(tx, job, token, end)
    if after is not None and known.run:
        end_stopped(tx, known.run)
    return after


def open_worker(opened: OpenProject, notify: Callable[[JobNotice], None]) -> JobWorker:
    """A worker by the project's rules, where who starts it may. What killed workers left is removed. Raises
    Forbidden, BadProject."""
    require_permission(opened, "train.run")
    rules = claim_rules(opened.settings)
    _remove_left_folders(opened)
    return JobWorker(opened, rules, notify)


def _remove_left_folders(opened: OpenProject) -> None:
    """Removes the folders of attempts that run no more: of a worker that was killed."""
    folder = opened.below / "jobs"
    running = {f"{each.job}-{each.token}" for _, each in opened.ledger.scan(jobs.RUNNING)}
    for each in sorted(folder.glob("*-*")) if folder.is_dir() else ():
        if each.name not in running:
            shutil.rmtree(each, ignore_errors=True)
