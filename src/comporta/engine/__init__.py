"""Recipe → Step: runs the steps of a plan whose answers are not remembered, and records what came of them."""

from comporta.engine.engine import Engine
from comporta.engine.plan_run import Progress
from comporta.engine.projections import CLAIMS, FAILURES, PROJECTIONS, RUNS, STEPS, Claim
from comporta.engine.step_functions import Steps
from comporta.records.executor import Done, Executor, Task, Workplace

__all__ = [
    "CLAIMS",
    "FAILURES",
    "PROJECTIONS",
    "RUNS",
    "STEPS",
    "Claim",
    "Done",
    "Engine",
    "Executor",
    "Progress",
    "Steps",
    "Task",
    "Workplace",
]
