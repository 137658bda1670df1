"""Recipe → Step: runs the steps of a plan whose answers are not remembered, and records what came of them."""

from comporta.engine.engine import Engine
from comporta.engine.projections import (
    ANSWERS,
    CLAIMS,
    FAILURES,
    LEASES,
    PROJECTIONS,
    RUNS,
    STEPS,
    Claim,
    answer_key,
)
from comporta.engine.step_functions import Steps
from comporta.records.executor import Done, Executor, Progress, Task, Workplace

__all__ = [
    "ANSWERS",
    "CLAIMS",
    "FAILURES",
    "LEASES",
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
    "answer_key",
]
