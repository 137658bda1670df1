"""Attempts of jobs: their processes, their folders, and the ledger as they have it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from comporta import jobs
from comporta.acts.jobs.attempt_process import ATTEMPT_COMMAND
from comporta.acts.jobs.fenced_ledger import FencedLedger
from comporta.acts.jobs.renewal import Renewal
from comporta.acts.jobs.worker import _remove_left_folders
from comporta.errors import AttemptReplaced
from comporta.jobs import AttemptEnd, ClaimRules
from comporta.ledger import Ledger, open_ledger
from comporta.records import Transaction
from comporta.records.job import Job, JobRequest
from comporta.testing.clock import Clock


def opened_ledger(root: Path) -> Ledger:
    return open_ledger("memory://", jobs.PROJECTIONS, key=b"k" * 32, clock=Clock(), root=root)


def begin(ledger: Ledger) -> Job:
    def act(tx: Transaction) -> Job | None:
        fact = jobs.enqueue(tx, JobRequest(act="run"), "p-1")
        assert not isinstance(fact, Job)
        tx.append(fact)
        return jobs.claim(tx, "w-1", ClaimRules())

    job = ledger.transact(act)
    assert job is not None
    return job


def test_a_module_of_the_projects_folder_is_not_taken_for_one_of_pythons(tmp_path: Path) -> None:
    (tmp_path / "traceback.py").write_text("import pathlib; pathlib.Path('taken').touch()")
    subprocess.run(ATTEMPT_COMMAND, cwd=tmp_path, input=b"", stderr=subprocess.DEVNULL, check=False)
    assert not (tmp_path / "taken").exists()


def test_a_worker_that_begins_leaves_the_folder_of_an_attempt_that_begins_meanwhile(tmp_path: Path) -> None:
    left, begun = tmp_path / "jobs" / "old-1", tmp_path / "jobs" / "new-1"
    left.mkdir(parents=True)

    def scan(projection: Any) -> list[Any]:
        begun.mkdir()  # by another worker, right after what was read here
        return []

    _remove_left_folders(SimpleNamespace(below=tmp_path, ledger=SimpleNamespace(scan=scan)))  # type: ignore[arg-type]
    assert begun.exists() and not left.exists()


def test_a_replaced_attempt_removes_no_body(tmp_path: Path) -> None:
    ledger = opened_ledger(tmp_path)
    job = begin(ledger)

    class Slow:
        """Another takes the job over between the call and the transaction."""

        project = ledger.project

        def remove_body(self, seq: int, *, sign: Any, **given: Any) -> Any:
            ledger.transact(lambda tx: jobs.settle(tx, job.id, job.token, AttemptEnd("lost")))
            return ledger.transact(lambda tx: sign(tx, None))

    with pytest.raises(AttemptReplaced):
        FencedLedger(Slow(), job.id, job.token).remove_body(1, reason="erasure", by="p-1")  # type: ignore[arg-type]
    assert [each.kind for each in ledger.events()] == ["job.queued", "job.started", "job.ended"]


def test_a_lease_is_given_up_also_where_the_ledger_fails_in_a_way_that_nobody_foresaw(tmp_path: Path) -> None:
    job = begin(opened_ledger(tmp_path))

    def transact(act: Any) -> Any:
        raise RuntimeError("canceling statement due to statement timeout")

    with Renewal(SimpleNamespace(transact=transact), job, "w-1", ClaimRules(lease=0.03)) as renewal:  # type: ignore[arg-type]
        renewal._thread.join(0.2)
        assert renewal._thread.is_alive() and renewal.unreachable
