"""A worker: claims jobs one after another, has each carried out in a process of its own, and records its end.

It holds what it works on by a lease, and ends an attempt itself where it cannot renew that: nobody need hear
of it for its job to go on elsewhere.
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from comporta import jobs
from comporta.acts.jobs.attempt import FULL, AttemptReport
from comporta.acts.jobs.attempt_marks import kill_older
from comporta.acts.jobs.attempt_process import ATTEMPT_COMMAND, AttemptProcess
from comporta.acts.jobs.renewal import Renewal
from comporta.acts.jobs.rules import claim_rules
from comporta.engine import LEASES
from comporta.engine.step_recorder import end_stopped
from comporta.errors import Busy, ComportaError, StorageFull, Tampered, WrongKey
from comporta.jobs import AttemptEnd, ClaimRules, ElapsedTime, LeaseWatch
from comporta.jobs.codes import BUSY, CANCELLED, NO_ROOM, STOPPED, TIMEOUT, UNREACHABLE
from comporta.jobs.state import RunningJob
from comporta.opened.permission import require_permission
from comporta.opened.project import OpenProject
from comporta.opened.project_place import place_of
from comporta.records import Artifact, Transaction
from comporta.records.job import Job
from comporta.records.lease import Lease

POLL = 0.5
"""Seconds between two looks at whether anything waits."""
LASTING = (Tampered, WrongKey)
"""Errors of a ledger that no waiting mends."""
_BEAT = 0.05
_PATIENT = 1.0  # seconds that a transaction may wait for its turn, and still tell who is silent
_SILENCE = 3.0  # lengths of a lease after which an attempt takes its worker for gone


class JobNotice(NamedTuple):
    """What a worker tells while it works. job: as it stands after. waits: the ledger cannot be
    written now, for this error."""

    happened: Literal["started", "ended", "superseded", "waits"]
    job: Job | None = None
    error: str = ""


class JobWorker:
    """Works on one job at a time. notify: called with what happens. command: what carries out an attempt."""

    def __init__(
        self,
        opened: OpenProject,
        rules: ClaimRules,
        notify: Callable[[JobNotice], None] = lambda notice: None,
        *,
        command: Sequence[str] = ATTEMPT_COMMAND,
    ) -> None:
        self._opened, self._rules, self._notify, self._command = opened, rules, notify, command
        self._watch, self._elapsed = LeaseWatch(), ElapsedTime()
        self._deaf_until, self._recovers = 0.0, False
        self._waits_for, self._waited = "", False
        self.id = f"worker-{secrets.token_hex(6)}"

    def work(self, stop: threading.Event, *, once: bool = False) -> int:
        """How many attempts it made, until it is asked to stop. once: or until nothing may begin now."""
        made = 0
        while not stop.is_set():
            job = self._next(once)
            if job is not None:
                self._attempt(job, stop)
                made += 1
            elif once:
                break
            else:
                stop.wait(POLL)
        return made

    def _next(self, once: bool) -> Job | None:
        """The job that it begins now; those of silent workers are taken back first. None too where the ledger
        has no room, is held by somebody or cannot be reached: it is asked again, unless `once`."""
        try:
            found = self._claim()
        except ComportaError as error:
            if once or isinstance(error, LASTING):
                raise
            self._recovers = True
            self._tell_waits(error)
            return None
        self._waits_for = ""
        return found

    def _claim(self) -> Job | None:
        ledger, looked = self._opened.ledger, time.monotonic()
        now = self._opened.now()
        silent = self._silent(now, [each for _, each in ledger.scan(jobs.RUNNING)], ledger.lease)
        if (
            not silent
            and not self._recovers
            and next(jobs.due(ledger, now, self._elapsed.at(now)), None) is None
        ):
            return None  # asked without a transaction: most looks find nothing

        def act(tx: Transaction) -> tuple[Job | None, list[RunningJob], bool]:
            now = tx.now()
            # A ledger that kept this one waiting kept those that hold their leases waiting too.
            # Once: where every look has to wait, what is silent is taken back at the next.
            waited = time.monotonic() - looked > _PATIENT and not self._waited
            running = [each for _, each in tx.scan(jobs.RUNNING)] if silent and not waited else []
            ends = [] if self._recovers else self._silent(now, running, tx.lease)
            for each, end in ends:
                _settle(tx, each.job, each.token, end)
            job = jobs.claim(tx, self.id, self._rules, self._elapsed.at(now))
            return job, [each for each, _ in ends], waited

        job, taken_back, self._waited = ledger.transact(act)
        if self._recovers:
            # Who could not be heard may have gone on as well: it is listened for from now on.
            self._watch, self._deaf_until = LeaseWatch(), time.monotonic() + self._rules.lease
            self._recovers = False
        for each in taken_back:
            kill_older(each.job, each.token + 1)
        return job

    def _silent(
        self, now: datetime, running: list[RunningJob], lease: Callable[[str], Lease | None]
    ) -> list[tuple[RunningJob, AttemptEnd]]:
        if not running or time.monotonic() < self._deaf_until:
            return []
        leases = {each.name: each for job in running if (each := lease(jobs.lease_name(job.job))) is not None}
        return jobs.expired_attempts(running, leases, now, self._watch)

    def _tell_waits(self, error: ComportaError) -> None:
        if str(error) != self._waits_for:
            self._waits_for = str(error)
            self._notify(JobNotice("waits", error=str(error)))

    def _attempt(self, job: Job, stop: threading.Event) -> None:
        self._notify(JobNotice("started", job))
        kill_older(job.id, job.token)
        folder = self._opened.below / "jobs" / f"{job.id}-{job.token}"
        silence = _SILENCE * self._rules.lease
        try:
            attempt = AttemptProcess(place_of(self._opened), folder, job, silence, self._command)
        except OSError as error:
            full = error.errno in FULL
            report = AttemptReport(outcome="parked" if full else "busy", reason=NO_ROOM() if full else BUSY())
            self._tell_end(job, self._record(job, report, 0.0, str(error).encode(), stop))
            return
        try:
            with Renewal(self._opened.ledger, job, self.id, self._rules) as renewal:
                report = self._watch_over(attempt, job, renewal, stop)
                attempt.kill()  # also what it left behind
            self._tell_end(job, self._record(job, report, attempt.seconds, attempt.log(), stop))
        finally:
            attempt.close()

    def _tell_end(self, job: Job, after: Job | None) -> None:
        if after is None:
            self._notify(JobNotice("superseded", jobs.job_of(self._opened.ledger, job.id)))
        else:
            self._notify(JobNotice("ended", after))

    def _watch_over(
        self, attempt: AttemptProcess, job: Job, renewal: Renewal, stop: threading.Event
    ) -> AttemptReport:
        """How the attempt ended."""
        limit = job.request.limits.seconds
        beat = 0.0
        while not attempt.has_ended():
            if attempt.seconds > limit:
                return AttemptReport(outcome="timeout", reason=TIMEOUT(seconds=limit))
            if stop.is_set():
                return AttemptReport(outcome="stopped", reason=STOPPED())
            if renewal.cancelled:
                return AttemptReport(outcome="cancelled", reason=CANCELLED())
            if renewal.replaced or renewal.unreachable:
                return AttemptReport(outcome="lost", reason=UNREACHABLE())
            if attempt.seconds >= beat:
                attempt.beat()
                beat = attempt.seconds + self._rules.lease / 3
            stop.wait(_BEAT)
        return attempt.report()

    def _record(
        self, job: Job, report: AttemptReport, seconds: float, log: bytes, stop: threading.Event
    ) -> Job | None:
        """The job once the attempt's end is recorded; None where another took its place. Asked again as long
        as the ledger has no room, is held by somebody or cannot be reached, unless the worker is to stop."""
        evidence = None if report.outcome == "done" else self._keep_log(log)

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

        while True:
            try:
                return self._opened.ledger.transact(act)
            except ComportaError as error:
                if isinstance(error, LASTING) or stop.is_set():
                    raise
                self._tell_waits(error)
                stop.wait(POLL)

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
    _remove_left_leases(opened)
    return JobWorker(opened, rules, notify)


def _remove_left_folders(opened: OpenProject) -> None:
    """Removes the folders of attempts that run no more: of a worker that was killed."""
    folder = opened.below / "jobs"
    # First the folders: that of an attempt that another worker begins meanwhile comes after its claim.
    found = sorted(folder.glob("*-*")) if folder.is_dir() else []
    running = {f"{each.job}-{each.token}" for _, each in opened.ledger.scan(jobs.RUNNING)}
    for each in found:
        if each.name not in running:
            shutil.rmtree(each, ignore_errors=True)


def _remove_left_leases(opened: OpenProject) -> None:
    """Removes the leases of jobs that have no attempt: an older Comporta kept one of each job."""
    running = {jobs.lease_name(job) for job, _ in opened.ledger.scan(jobs.RUNNING)}
    left = [each.name for each in opened.ledger.leases() if each.name not in running]
    if left:
        with contextlib.suppress(Busy, StorageFull):  # the next worker does
            opened.ledger.transact(lambda tx: jobs.remove_left_leases(tx, left))
