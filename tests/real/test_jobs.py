"""Jobs with real workers: killed, stopped and cancelled, each is done once and no process outlives its
attempt."""

from __future__ import annotations

import contextlib
import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest
from tests.real import jobs_child as child
from tests.real.job_workers import CHILD, Workers, five, in_thread, lives, marked, runs, state, until
from tests.real.job_workers import acts_of_tests as acts_of_tests
from tests.real.job_workers import opened as opened
from tests.real.job_workers import root as root
from tests.real.job_workers import workers as workers

from comporta import jobs
from comporta.acts.jobs import ask
from comporta.engine import RUNS
from comporta.ledger import verify
from comporta.opened.project import PROJECTIONS, OpenProject
from comporta.records import decode
from comporta.records.facts import FACTS, StepAnswered
from comporta.records.job import OPEN_JOBS, JobLimits
from comporta.records.job_facts import JobEnded, JobStarted

# Of as many threads: with others a step is another question, and is asked again.
EXECUTORS = ("inline://", "local://?workers=1&threads=1")


def require_once(opened: OpenProject, asked: list[str]) -> None:
    """Each job done, each step's outcome committed once, each attempt ended once, and the chain sound."""
    known = dict(opened.ledger.scan(jobs.JOBS))
    assert set(asked) <= known.keys(), "none acknowledged is lost"
    assert {each.state for each in known.values()} == {"done"}, [
        (each.id, each.state, each.outcome, each.reason) for each in known.values() if each.state != "done"
    ]
    assert {each.result["sum"] for each in known.values()} == {10}
    answered: Counter[str] = Counter()
    started: Counter[tuple[str, int]] = Counter()
    ended: Counter[tuple[str, int]] = Counter()
    for event in opened.ledger.events():
        assert event.body is not None
        match event.kind:
            case StepAnswered.kind:
                answered[decode(event.body, StepAnswered).recipe] += 1
            case JobStarted.kind:
                begun = decode(event.body, JobStarted)
                started[begun.job, begun.token] += 1
            case JobEnded.kind:
                end = decode(event.body, JobEnded)
                ended[end.job, end.token] += 1
    assert len(answered) == 5 * len(known)
    assert set(answered.values()) == {1}, "no step's outcome is committed twice"
    assert started == ended
    assert set(started.values()) == {1}
    assert all(run.ended is not None for _, run in opened.ledger.scan(RUNS))
    audit = verify(opened.ledger, PROJECTIONS, opened.keys.chain, facts=FACTS)
    assert audit.sound, audit.faults
    assert marked(*known.values()) == []


def kill_at_random(
    opened: OpenProject, workers: Workers, draw: random.Random, kills: int, every: int
) -> Counter[str]:
    """What was killed: workers, attempts and the processes of steps, one each time that `every` further jobs
    are done, while any goes on."""
    killed: Counter[str] = Counter()
    since = 0
    end = time.monotonic() + 3000
    while True:
        assert time.monotonic() < end, workers.output()
        known = [job for _, job in opened.ledger.scan(jobs.JOBS)]
        done = sum(each.state not in OPEN_JOBS for each in known)
        if done == len(known):
            return killed
        attempts = marked(*known)
        if killed.total() < kills and done >= since and attempts:
            time.sleep(draw.uniform(0, 0.5))
            kind = draw.choice(["worker", "attempt", "step"])
            if kind == "worker":
                victim = draw.choice(workers.live)
                workers.kill(victim)
                workers.start(draw.choice(EXECUTORS))
            else:
                steps = [each for each in attempts if is_step(each)]
                others = [each for each in attempts if each not in steps]
                kind, among = ("step", steps) if kind == "step" and steps else ("attempt", others)
                if not among:
                    continue
                with contextlib.suppress(psutil.Error):
                    draw.choice(among).kill()
            killed[kind] += 1
            since = done + every
        time.sleep(0.05)


def is_step(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return "comporta.engine.worker" in process.cmdline()
    return False


@pytest.mark.soak
def test_of_sixty_jobs_killed_26_times_all_are_done_and_no_step_twice(
    opened: OpenProject, workers: Workers, root: Path
) -> None:
    seed = int(os.environ.get("COMPORTA_SEED", random.randrange(2**32)))
    print("seed", seed)
    draw = random.Random(seed)
    workers.lease = 8.0
    acknowledged: list[str] = []
    while len(acknowledged) < 60:
        asks = subprocess.Popen(
            [sys.executable, str(CHILD), "ask", str(root), str(len(acknowledged)), "60"],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert asks.stdout is not None
        stop = draw.randrange(10, 40)
        for line in asks.stdout:
            if line.endswith("\n"):
                acknowledged.append(line.strip())
            if len(acknowledged) >= stop:
                asks.kill()
        asks.wait()
    for executor in (*EXECUTORS, "inline://"):
        workers.start(executor)
    killed = kill_at_random(opened, workers, draw, 26, 2)
    print("killed", dict(killed))
    assert killed.total() == 26
    require_once(opened, acknowledged)


def test_a_killed_worker_and_a_killed_attempt_lose_no_job_and_no_step_is_done_twice(
    opened: OpenProject, workers: Workers
) -> None:
    """The short form of the soak."""
    job = five(opened, seconds=0.1)
    first = workers.start()
    begun = until(runs(opened, job, 1))
    until(lambda: opened.ledger.scan(RUNS))
    workers.kill(first)
    until(lambda: not marked(begun))
    workers.start()
    begun = until(runs(opened, job, 2))
    until(lambda: len(opened.ledger.scan(RUNS)) == 2)
    for each in marked(begun):
        each.kill()
    until(lambda: state(opened, job).state not in OPEN_JOBS)
    require_once(opened, [job.id])
    assert state(opened, job).token == 3


def test_a_cancel_and_a_limit_of_time_end_every_process_whatever_session_it_is_in(
    opened: OpenProject, root: Path
) -> None:
    limits = JobLimits(attempts=1, seconds=3.0)
    first, second = (
        ask.ask(opened, "stay", child.Stay(pids=str(root / name)), limits=limit)
        for name, limit in (("one", JobLimits()), ("two", limits))
    )
    with in_thread(root, lease=1.0):
        pids = until(lambda: (root / "one").exists() and (root / "one").read_text())
        assert all(psutil.pid_exists(int(each)) for each in pids.split())
        ask.cancel(opened, first.id)
        cancelled = until(lambda: state(opened, first).state == "cancelled" and state(opened, first))
        assert marked(first) == []
        assert not any(lives(int(each)) for each in pids.split())
        assert cancelled.outcome == "cancelled"
        late = until(lambda: state(opened, second).state == "failed" and state(opened, second))
    assert (late.outcome, late.seconds >= 3.0) == ("timeout", True)
    assert marked(late) == []
