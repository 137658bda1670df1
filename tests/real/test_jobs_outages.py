"""Jobs while something fails them: a worker that is stopped or gone, a ledger that is full, held or
restarted, a disk without room."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from tests.real import jobs_child as child
from tests.real.job_workers import Workers, five, in_thread, lives, marked, runs, state, until
from tests.real.job_workers import acts_of_tests as acts_of_tests
from tests.real.job_workers import opened as opened
from tests.real.job_workers import root as root
from tests.real.job_workers import workers as workers

from comporta import jobs
from comporta.acts.jobs import ask
from comporta.errors import Busy, ComportaError, StorageFull
from comporta.jobs import AttemptEnd, ClaimRules
from comporta.ledger import Ledger, open_ledger, verify
from comporta.opened.project import PROJECTIONS, OpenProject, open_root
from comporta.records import Transaction
from comporta.records.facts import FACTS
from comporta.records.job import Job, JobLimits, JobRequest
from comporta.records.job_facts import JobEnded, JobStarted
from comporta.testing import running_postgres


def stay(opened: OpenProject, root: Path, **fields: Any) -> Job:
    return ask.ask(opened, "stay", child.Stay(pids=str(root / "pids")), limits=JobLimits(**fields))


def pids(root: Path) -> list[int]:
    """The attempt and its child, once they live; the file is gone then."""
    file = root / "pids"
    text = until(lambda: file.exists() and file.read_text())
    file.unlink()
    return [int(each) for each in text.split()]


@pytest.mark.soak
def test_of_a_worker_stopped_beyond_its_lease_nothing_counts_and_no_process_of_its_attempt_lives(
    opened: OpenProject, root: Path, workers: Workers
) -> None:
    workers.lease = 8.0
    job = stay(opened, root)
    slow = workers.start()
    first = pids(root)
    slow.send_signal(signal.SIGSTOP)
    stopped = time.monotonic()
    workers.start()
    until(runs(opened, job, 2))
    print("taken over after", round(time.monotonic() - stopped, 2), "s")
    second = pids(root)
    assert not any(map(lives, first))
    slow.send_signal(signal.SIGCONT)
    until(lambda: "superseded" in workers.output())
    assert all(map(lives, second))
    assert (state(opened, job).token, state(opened, job).state) == (2, "running")
    ask.cancel(opened, job.id)
    until(lambda: state(opened, job).state == "cancelled")
    assert marked(job) == []
    ended = [each for each in opened.ledger.events() if each.kind == JobEnded.kind]
    assert len(ended) == 2


@pytest.mark.soak
def test_an_attempt_ends_itself_with_its_grandchildren_once_its_worker_is_killed_or_silent(
    opened: OpenProject, root: Path, workers: Workers
) -> None:
    job = stay(opened, root)
    for signal_, within in ((signal.SIGKILL, 3.0), (signal.SIGSTOP, 3 * workers.lease + 5)):
        worker = workers.start()
        live = pids(root)
        began = time.monotonic()
        worker.send_signal(signal_)
        until(lambda live=live: not any(map(lives, live)))
        print(signal_.name, "dead after", round(time.monotonic() - began, 2), "s, expected at most", within)
    assert marked(job) == []


@pytest.mark.soak
def test_a_killed_workers_job_goes_on_within_ten_seconds(
    opened: OpenProject, root: Path, workers: Workers
) -> None:
    workers.lease = ClaimRules().lease
    job = stay(opened, root)
    first = workers.start()
    workers.start()
    begun = until(runs(opened, job, 1))
    pids(root)
    (running,) = (each for _, each in opened.ledger.scan(jobs.RUNNING))
    # Which of the two began it, their output tells.
    victim = workers.live[0] if "started" in (root / "worker1.log").read_text() else workers.live[1]
    assert first in workers.live
    assert running.token == begun.token
    workers.kill(victim)
    killed = time.monotonic()
    until(runs(opened, job, 2))
    took = time.monotonic() - killed
    print("taken over after", round(took, 2), "s")
    assert took < 10


@pytest.mark.soak
def test_an_attempt_that_was_stopped_ends_by_its_limit_of_time(opened: OpenProject, root: Path) -> None:
    job = stay(opened, root, attempts=1, seconds=6.0)
    with in_thread(root, lease=1.0):
        for each in (live := pids(root)):
            os.kill(each, signal.SIGSTOP)
        until(lambda: state(opened, job).state == "failed")
    assert state(opened, job).outcome == "timeout"
    assert not any(map(lives, live))


@pytest.mark.soak
def test_a_stranger_who_holds_the_ledger_for_several_leases_costs_no_attempt(
    opened: OpenProject, root: Path
) -> None:
    job = five(opened, seconds=1.0)
    with in_thread(root, lease=1.0), in_thread(root, lease=1.0):
        until(lambda: state(opened, job).run)
        stranger = sqlite3.connect(root / ".comporta" / "ledger.db", isolation_level=None, timeout=60)
        stranger.execute("BEGIN IMMEDIATE")
        time.sleep(5)  # several leases
        stranger.execute("ROLLBACK")
        stranger.close()
        done = until(lambda: state(opened, job).state == "done" and state(opened, job))
    assert (done.token, done.attempt) == (1, 1)


class Outage:
    """A ledger that raises this error in each transaction while it is one."""

    def __init__(self) -> None:
        self.error: ComportaError | None = None
        self.raised = 0

    def __call__(self, *given: Any, **named: Any) -> Any:
        outage = self

        class Failing:
            def __init__(self, ledger: Ledger) -> None:
                self._ledger = ledger

            def transact(self, act: Any) -> Any:
                if outage.error is not None:
                    outage.raised += 1
                    raise outage.error
                return self._ledger.transact(act)

            def __getattr__(self, name: str) -> Any:
                return getattr(self._ledger, name)

        return Failing(open_ledger(*given, **named))


@pytest.mark.parametrize("error", [StorageFull("no room")])
def test_a_ledger_that_a_worker_cannot_write_costs_no_attempt_and_ends_no_worker(
    opened: OpenProject, root: Path, error: ComportaError
) -> None:
    """From before the attempt's end until several leases after it."""
    require_outlasted(opened, root, error, lease=0.6, workers=1)


@pytest.mark.soak
@pytest.mark.parametrize("error", [StorageFull("no room"), Busy("another process held it for 60 s")])
def test_after_an_outage_no_other_worker_takes_over_what_its_holder_goes_on_with(
    opened: OpenProject, root: Path, error: ComportaError
) -> None:
    require_outlasted(opened, root, error, lease=5.0, workers=3)


def require_outlasted(
    opened: OpenProject, root: Path, error: ComportaError, lease: float, workers: int
) -> None:
    """A job is done by its first attempt, though its workers could not write for two leases (seconds)."""
    outage = Outage()
    job = five(opened, seconds=0.1)
    with contextlib.ExitStack() as stack:
        told = [stack.enter_context(in_thread(root, lease, outage))[1] for _ in range(workers)]
        begun = until(runs(opened, job, 1))
        until(lambda: marked(begun))
        outage.error, since = error, time.monotonic()
        until(lambda: not marked(begun) and outage.raised > 3 and time.monotonic() > since + 2 * lease)
        until(lambda: str(error) in {each.error for some in told for each in some})
        assert state(opened, job).state == "running"
        outage.error = None
        done = until(lambda: state(opened, job).state == "done" and state(opened, job))
    assert (done.token, done.attempt) == (1, 1)


@pytest.mark.soak
@pytest.mark.parametrize("how", ["said", "raw"])
def test_a_job_without_room_is_parked_as_often_as_it_takes_and_goes_on_once_there_is(
    opened: OpenProject, root: Path, how: str
) -> None:
    asked = child.Fill(until=str(root / "room"), how=how)
    job = ask.ask(opened, "fill", asked, limits=JobLimits(attempts=1))
    with in_thread(root):
        for _ in range(2):
            until(lambda: state(opened, job).state == "parked")
            ask.retry(opened, job.id)
        until(lambda: state(opened, job).state == "parked")
        (root / "room").touch()
        ask.retry(opened, job.id)
        until(lambda: state(opened, job).state == "done")


@pytest.fixture
def small_disk(root: Path) -> Iterator[Path]:
    """The project's `.comporta` on a file system of 12 MB."""
    folder = root / ".comporta"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no file system may be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.soak
def test_a_disk_that_is_full_for_all_parks_the_job_or_lets_it_wait_and_loses_nothing(
    small_disk: Path, root: Path
) -> None:
    with open_root(root) as opened:
        job = five(opened, seconds=0.2, limits=JobLimits(attempts=1, backoff=0.1))
        other = five(opened, number=1, limits=JobLimits(attempts=1, backoff=0.1))
        with in_thread(root, lease=1.0) as (_, told):
            until(lambda: state(opened, job).run)
            ballast = small_disk / "ballast"
            with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:
                while True:
                    file.write(b"x" * 4096)
            until(lambda: any(each.happened == "waits" for each in told))
            assert {state(opened, each).state for each in (job, other)} <= {"running", "queued", "parked"}
            ballast.unlink()
            for each in (job, other):
                until(lambda each=each: state(opened, each).state in ("parked", "done"))
            for each in (job, other):
                if state(opened, each).state == "parked":
                    ask.retry(opened, each.id)
            for each in (job, other):
                until(lambda each=each: state(opened, each).state == "done")
        assert verify(opened.ledger, PROJECTIONS, opened.keys.chain, facts=FACTS).sound


@pytest.mark.soak
def test_a_postgres_that_crashes_in_mid_claim_gives_each_job_to_one_attempt(tmp_path: Path) -> None:
    with running_postgres() as url:
        child.begin(tmp_path)
        (tmp_path / "comporta.toml").write_text(f'ledger = "{url}"\n')
        with open_root(tmp_path) as opened:
            ids = [_ask(opened.ledger, number) for number in range(3)]
            crashed: list[int] = []

            def claim(tx: Transaction) -> Job | None:
                found = jobs.claim(tx, "w-1", ClaimRules())
                if not crashed:
                    crashed.append(_crash(url))
                return found

            claimed = until(lambda: _claimed(opened, claim))
            until(lambda: _settled(opened, claimed))
            known = dict(opened.ledger.scan(jobs.JOBS))
            assert [known[id].state for id in ids] == ["done", "queued", "queued"]
            kinds = [each.kind for each in opened.ledger.events()]
            assert (kinds.count(JobStarted.kind), kinds.count(JobEnded.kind)) == (1, 1)
            assert verify(opened.ledger, PROJECTIONS, opened.keys.chain, facts=FACTS).sound


def _claimed(opened: OpenProject, claim: Any) -> Job | None:
    with contextlib.suppress(ComportaError):
        found: Job | None = opened.ledger.transact(claim)
        return found
    return None


def _settled(opened: OpenProject, job: Job) -> Job | None:
    with contextlib.suppress(ComportaError):
        return opened.ledger.transact(
            lambda tx: jobs.settle(tx, job.id, job.token, AttemptEnd("done", seconds=1.0))
        )
    return None


def _ask(ledger: Ledger, number: int) -> str:
    def act(tx: Transaction) -> str:
        found = jobs.enqueue(tx, JobRequest(act="run", key=f"{number}"), "p-1")
        assert not isinstance(found, Job)
        tx.append(found)
        return found.job

    return ledger.transact(act)


def _crash(url: str) -> int:
    """Kills a process of the server, which then ends every other and recovers from its log."""
    with contextlib.suppress(psycopg.OperationalError), psycopg.connect(url) as connection:
        row = connection.execute("SELECT pg_backend_pid()").fetchone()
        assert row is not None
        psutil.Process(row[0]).kill()
    return 1
