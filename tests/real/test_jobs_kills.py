"""kill -9 before, within and after each durable write of a job's life: what was acknowledged stands, and the
job goes on to its end."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, TypeVar

import pytest

from comporta import jobs
from comporta.jobs import AttemptEnd, ClaimRules, LeaseWatch
from comporta.ledger import Ledger, open_ledger, verify
from comporta.records import Event, Transaction
from comporta.records.facts import FACTS
from comporta.records.job import OPEN_JOBS, AttemptOutcome, Job, JobLimits, JobRequest
from comporta.records.job_facts import JobEnded, JobQueued, JobStarted

T = TypeVar("T")
Moment = Literal["before", "within", "after"]
KEY = b"k" * 32
RULES = ClaimRules(lease=30.0)
SCENARIOS: dict[str, tuple[str, ...]] = {
    "done": ("enqueue", "claim", "renew", "done"),
    "failed, asked for again": ("enqueue", "claim", "failed", "retry", "claim", "done"),
    "died, begun again": ("enqueue", "claim", "died", "claim", "renew", "done"),
    "no room, begun again": ("enqueue", "claim", "parked", "claim", "done"),
    "cancelled while it waits": ("enqueue", "cancel", "retry", "claim", "done"),
    "cancelled while it runs": ("enqueue", "claim", "cancel", "renew", "cancelled"),
    "raised": ("enqueue", "raise", "claim", "done"),
    "taken over": ("enqueue", "claim", "lost", "claim", "renew", "done"),
}
POINTS = sum(map(len, SCENARIOS.values()))
"""Durable writes; the page on jobs has their number."""


class Life:
    """One client and one worker of a job, each act one transaction. The clock is moved on before each act, so
    that whatever waits is due."""

    def __init__(self, root: Path, at: int = 0, moment: Moment = "before") -> None:
        self.at, self.moment, self.seen = at, moment, 0
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.ledger: Ledger = open_ledger(
            "sqlite:///jobs.db", jobs.PROJECTIONS, key=KEY, clock=lambda: self.now, root=root
        )

    def write(self, act: Callable[[Transaction], T]) -> T:
        self.seen += 1
        mine = self.seen == self.at

        def acted(tx: Transaction) -> T:
            done = act(tx)
            if mine and self.moment == "within":
                os.kill(os.getpid(), signal.SIGKILL)
            return done

        if mine and self.moment == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        done = self.ledger.transact(acted)
        if mine and self.moment == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return done

    def job(self) -> Job:
        ((_, job),) = self.ledger.scan(jobs.JOBS)
        return job

    def act(self, name: str) -> None:
        self.now += timedelta(minutes=20) if name == "claim" else timedelta(seconds=1)
        match name:
            case "enqueue":
                self.write(self._enqueue)
            case "claim":
                self.write(lambda tx: jobs.claim(tx, "w-1", RULES))
            case "renew":
                job = self.job()
                self.write(lambda tx: jobs.renew(tx, job.id, job.token, "w-1", RULES))
            case "cancel":
                self.write(lambda tx: self._append(tx, jobs.cancel(tx, self.job().id, "p-1")))
            case "retry":
                self.write(lambda tx: self._append(tx, jobs.retry(tx, self.job().id, "p-1")))
            case "raise":
                self.write(
                    lambda tx: self._append(tx, jobs.raise_priority(tx, self.job().id, "urgent", "p-1"))
                )
            case "done" | "failed" | "died" | "parked" | "cancelled" | "lost" as outcome:
                self._settle(outcome)

    def _enqueue(self, tx: Transaction) -> None:
        request = JobRequest(act="run", key="once", limits=JobLimits(attempts=9))
        if isinstance(found := jobs.enqueue(tx, request, "p-1"), JobQueued):
            tx.append(found)

    def _append(self, tx: Transaction, fact: object) -> Event | None:
        return None if fact is None else tx.append(fact)  # type: ignore[arg-type]

    def _settle(self, outcome: AttemptOutcome) -> None:
        job = self.job()
        end = AttemptEnd(outcome, seconds=1.0)
        self.write(lambda tx: jobs.settle(tx, job.id, job.token, end))

    def go_on(self) -> None:
        """What others do: the client asks again, and another worker takes over and carries the job out."""
        self.act("enqueue")
        for _ in range(3):
            self.now += timedelta(minutes=20)
            watch = LeaseWatch()

            def look(tx: Transaction, watch: LeaseWatch = watch) -> Job | None:
                running = [each for _, each in tx.scan(jobs.RUNNING)]
                leases = {each.name: each for job in running if (each := tx.lease(jobs.lease_name(job.job)))}
                for each, end in jobs.expired_attempts(running, leases, tx.now(), watch):
                    jobs.settle(tx, each.job, each.token, end)
                return jobs.claim(tx, "w-2", RULES)

            if self.ledger.transact(look) is not None:
                self._settle("done")


def died_at(root: Path, scenario: str, at: int, moment: Moment) -> bool:
    """Whether the process that carried the scenario out was killed."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            life = Life(root, at, moment)
            for name in SCENARIOS[scenario]:
                life.act(name)
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def kinds(ledger: Ledger) -> list[str]:
    return [event.kind for event in ledger.events()]


def require_write_whole(root: Path, scenario: str, at: int, moment: Moment) -> None:
    """Killed there, what was written is that of the acts before, or of this one too; the job then ends."""
    expected = root / "expected"
    expected.mkdir(parents=True)
    whole = Life(expected)
    for name in SCENARIOS[scenario][: at - (moment != "after")]:
        whole.act(name)
    assert died_at(root, scenario, at, moment)
    life = Life(root)
    life.now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=1)
    assert kinds(life.ledger) == kinds(whole.ledger), "all of an act or nothing"
    life.go_on()
    job = life.job()
    assert job.state not in OPEN_JOBS
    assert job.state in ("done", "cancelled", "failed")
    assert not life.ledger.scan(jobs.RUNNING)
    counted = kinds(life.ledger)
    assert counted.count(JobQueued.kind) == 1, "none is asked for twice"
    assert counted.count(JobStarted.kind) == counted.count(JobEnded.kind)
    assert verify(life.ledger, jobs.PROJECTIONS, KEY, facts=FACTS).sound
    for each in (life, whole):
        each.ledger.close()


EACH = [
    (scenario, at, moment)
    for scenario, acts in SCENARIOS.items()
    for at in range(1, len(acts) + 1)
    for moment in ("before", "within", "after")
]


@pytest.mark.soak
@pytest.mark.parametrize(("scenario", "at", "moment"), EACH)
def test_a_job_is_whole_after_a_kill_at_any_durable_write(
    tmp_path: Path, scenario: str, at: int, moment: Moment
) -> None:
    require_write_whole(tmp_path, scenario, at, moment)


@pytest.mark.parametrize(("scenario", "at", "moment"), EACH[::9])
def test_a_job_is_whole_after_a_kill_at_some_durable_writes(
    tmp_path: Path, scenario: str, at: int, moment: Moment
) -> None:
    """The short form: each moment and each scenario, not each with each."""
    require_write_whole(tmp_path, scenario, at, moment)


def test_the_page_tells_how_many_points_are_killed_at() -> None:
    page = Path(__file__).parents[2] / "docs" / "reference" / "jobs.md"
    assert f"{POINTS} writes, in {len(SCENARIOS)} lives of a job, 3 moments each: {len(EACH)} kills" in (
        " ".join(page.read_text().split())
    )
