"""Workers of the tests of jobs: processes of their own, or a thread of the test's; and what they left."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.real import jobs_child as child

from comporta import jobs
from comporta.acts.jobs import ask
from comporta.acts.jobs.attempt_marks import MARK
from comporta.acts.jobs.queued_acts import QUEUED_ACTS
from comporta.acts.jobs.worker import JobNotice, JobWorker
from comporta.jobs import ClaimRules
from comporta.ledger import OpensLedger
from comporta.opened.project import OpenProject, open_root
from comporta.opened.project_place import ProjectPlace, open_place
from comporta.records.job import Job

CHILD = Path(child.__file__)


@pytest.fixture(scope="module", autouse=True)
def acts_of_tests() -> Iterator[None]:
    """Acts that can be asked for in this process for as long as a module's tests run."""
    with pytest.MonkeyPatch.context() as patch:
        for name, act in child.ACTS.items():
            patch.setitem(QUEUED_ACTS, name, act)  # type: ignore[arg-type]
        yield


class Workers:
    """Workers as processes of their own; what each tells goes to a file."""

    def __init__(self, root: Path, lease: float) -> None:
        self.root, self.lease = root, lease
        self.live: list[subprocess.Popen[bytes]] = []
        self._count = 0

    def start(self, executor: str = "inline://") -> subprocess.Popen[bytes]:
        self._count += 1
        with (self.root / f"worker{self._count}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, str(CHILD), "work", str(self.root), str(self.lease)],
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "COMPORTA_EXECUTOR": executor},
            )
        self.live.append(process)
        return process

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        process.kill()
        process.wait()
        self.live.remove(process)

    def output(self) -> str:
        return "\n".join(each.read_text() for each in sorted(self.root.glob("worker*.log")))


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COMPORTA_EXECUTOR", "inline://")
    child.begin(tmp_path)
    return tmp_path


@pytest.fixture
def opened(root: Path) -> Iterator[OpenProject]:
    with open_root(root) as opened:
        yield opened


@pytest.fixture
def workers(root: Path) -> Iterator[Workers]:
    found = Workers(root, 2.0)
    try:
        yield found
    finally:
        for each in list(found.live):
            each.send_signal(signal.SIGCONT)
            found.kill(each)


def until(seen: Callable[[], Any], seconds: float = 90.0) -> Any:
    """What is seen, once it is true."""
    end = time.monotonic() + seconds
    while not (found := seen()):
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)
    return found


def marked(*known: Job) -> list[psutil.Process]:
    """The processes that live of any attempt of these jobs."""
    ids = {each.id for each in known}
    found = []
    for each in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            job = each.environ().get(MARK, "").rpartition("-")[0]
            if job in ids and each.status() != psutil.STATUS_ZOMBIE:
                found.append(each)
    return found


def five(opened: OpenProject, number: int = 0, seconds: float = 0.0, **fields: Any) -> Job:
    given = {"limits": child.LIMITS, **fields}
    return ask.ask(opened, "five", child.FiveSteps(number=number, seconds=seconds), **given)


def state(opened: OpenProject, job: Job) -> Job:
    return jobs.job_of(opened.ledger, job.id)


def runs(opened: OpenProject, job: Job, token: int) -> Callable[[], Job | None]:
    """The job, once its attempt of this token runs."""

    def seen() -> Job | None:
        found = state(opened, job)
        return found if found.token >= token and found.state == "running" else None

    return seen


def in_thread(
    root: Path, lease: float = 8.0, ledger: OpensLedger | None = None
) -> contextlib.AbstractContextManager[tuple[threading.Event, list[JobNotice]]]:
    """A worker in a thread of this process: (what stops it, what it told). ledger: what opens its own,
    not that of its attempts."""

    @contextlib.contextmanager
    def work() -> Iterator[tuple[threading.Event, list[JobNotice]]]:
        stop, told = threading.Event(), list[JobNotice]()
        place = ProjectPlace(root=str(root), home=str(root), file=str(root / "project.py"))
        with open_place(place, ledger=ledger) as opened:
            worker = JobWorker(opened, ClaimRules(lease=lease), told.append, command=child.COMMAND)
            thread = threading.Thread(target=worker.work, args=(stop,))
            thread.start()
            try:
                yield stop, told
            finally:
                stop.set()
                thread.join()

    return work()


def lives(pid: int) -> bool:
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False
