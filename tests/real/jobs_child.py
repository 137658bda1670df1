"""The workers and attempts of test_jobs: a project of tiny steps, and acts that only the tests ask for.

`jobs_child.py work ROOT LEASE` is a worker, `jobs_child.py ask ROOT FIRST LAST` asks for jobs and prints the
id of each once it was acknowledged, `jobs_child.py attempt` is the process of one attempt.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, cast

from comporta.acts.jobs import ask, attempt
from comporta.acts.jobs.queued_acts import QUEUED_ACTS, ActResult, QueuedAct
from comporta.acts.jobs.worker import JobNotice, JobWorker
from comporta.errors import StorageFull
from comporta.jobs import ClaimRules
from comporta.opened.permission import Permission, permission
from comporta.opened.project import OpenProject, open_root
from comporta.records import Node, Output, Plan, Record
from comporta.records.job import JobLimits

COMMAND = (sys.executable, __file__, "attempt")
PROJECT = """
from pathlib import Path
import time

from comporta import Project

def add(context, *, x=None, job, n, seconds):
    time.sleep(seconds)
    before = 0 if x is None else context.get_json(x, int)
    return {"out": context.put_json(before + n)}

project = Project(name="tiny")
"""
STEPS = 5
LIMITS = JobLimits(attempts=20, seconds=120.0, backoff=0.1)


class FiveSteps(Record, frozen=True, kw_only=True):
    """Of `five`. number: tells its steps from another job's. seconds: that each step sleeps."""

    number: int
    seconds: float = 0.0


class Stay(Record, frozen=True, kw_only=True):
    """Of `stay`. pids: the file into which the attempt and its child, in a session of its own, write who they
    are."""

    pids: str


class Fill(Record, frozen=True, kw_only=True):
    """Of `fill`. until: the file without which there is no room. how: `said` as an error of Comporta's, or
    `raw` as the system says it."""

    until: str
    how: str = "said"


def five_plan(asked: FiveSteps) -> Plan:
    """Five steps, each on the one before."""
    nodes: list[Node] = []
    for n in range(STEPS):
        inputs = {"x": Output(node_name=f"step{n - 1}", name="out")} if n else {}
        params = {"job": asked.number, "n": n, "seconds": asked.seconds}
        nodes.append(Node(name=f"step{n}", run="project.py:add", inputs=inputs, params=params))
    return Plan(nodes=tuple(nodes))


def _five(opened: OpenProject, asked: FiveSteps) -> ActResult:
    run, answers = opened.engine.ask(five_plan(asked), command=f"five {asked.number}")
    return ActResult(
        {"run": run.id, "sum": opened.context.get_json(answers["step4"].step.outputs["out"], int)}
    )


def _stay(opened: OpenProject, asked: Stay) -> ActResult:
    child = subprocess.Popen(["sleep", "600"], start_new_session=True)
    draft = Path(asked.pids + ".draft")
    draft.write_text(f"{os.getpid()} {child.pid}")
    draft.replace(asked.pids)
    child.wait()
    return ActResult({})


def _fill(opened: OpenProject, asked: Fill) -> ActResult:
    if Path(asked.until).exists():
        return ActResult({"room": True})
    if asked.how == "said":
        raise StorageFull("no space left on the device")
    raise OSError(28, os.strerror(28))


def _may(opened: OpenProject, asked: Any) -> Permission:
    return permission(opened, "train.run", nameless=True)


ACTS = {
    "five": QueuedAct(FiveSteps, _may, _five, "build"),
    "stay": QueuedAct(Stay, _may, _stay, "build"),
    "fill": QueuedAct(Fill, _may, _fill, "build"),
}


def register() -> None:
    """Makes the tests' acts known to this process."""
    cast("dict[str, QueuedAct]", QUEUED_ACTS).update(ACTS)


def begin(root: Path) -> None:
    """A project with a key and nothing else."""
    (root / "project.py").write_text(PROJECT)
    (root / "comporta.key").write_text("ab" * 32)
    (root / "comporta.key").chmod(0o600)


def work(root: Path, lease: float) -> None:
    def tell(notice: JobNotice) -> None:
        print(notice.happened, notice.job.id, notice.job.token, f"{time.monotonic():.3f}", flush=True)

    with open_root(root) as opened:
        print("works", flush=True)
        JobWorker(opened, ClaimRules(lease=lease), tell, command=COMMAND).work(threading.Event())


def ask_for(root: Path, numbers: range) -> None:
    with open_root(root) as opened:
        for number in numbers:
            asked = FiveSteps(number=number, seconds=0.05)
            print(ask.ask(opened, "five", asked, limits=LIMITS, key=f"five/{number}").id, flush=True)


if __name__ == "__main__":
    register()
    if sys.argv[1] == "attempt":
        attempt.main()
    elif sys.argv[1] == "ask":
        ask_for(Path(sys.argv[2]), range(int(sys.argv[3]), int(sys.argv[4])))
    else:
        work(Path(sys.argv[2]), float(sys.argv[3]))
