"""Recipe → Step, behind one door: asked once, remembered, done again only when something it reads changed."""

from comporta.engine.asking import Progress
from comporta.engine.engine import Engine
from comporta.engine.executor import Done, Executor, Task
from comporta.engine.readings import CLAIMS, FAILURES, PROJECTIONS, RUNS, STEPS, Claim
from comporta.engine.steps import Steps

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
]
