"""Recipe → Step: runs the steps of a plan whose answers are not remembered, and records what came of them.
Its functions are loaded when first asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from comporta.engine.engine import Engine
    from comporta.engine.projections import (
        ANSWERS,
        CANCELS,
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

_HOMES = {
    "ANSWERS": "engine.projections",
    "CANCELS": "engine.projections",
    "CLAIMS": "engine.projections",
    "Claim": "engine.projections",
    "Done": "records.executor",
    "Engine": "engine.engine",
    "Executor": "records.executor",
    "FAILURES": "engine.projections",
    "LEASES": "engine.projections",
    "PROJECTIONS": "engine.projections",
    "Progress": "records.executor",
    "RUNS": "engine.projections",
    "STEPS": "engine.projections",
    "Steps": "engine.step_functions",
    "Task": "records.executor",
    "Workplace": "records.executor",
    "answer_key": "engine.projections",
}

__all__ = [
    "ANSWERS",
    "CANCELS",
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


def __getattr__(name: str) -> Any:
    # A worker process runs steps: what plans them and records them it must not pay for.
    if name in _HOMES:
        return getattr(import_module(f"comporta.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
