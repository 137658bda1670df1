"""Why a run ended as it did: codes with the names of steps, for the ledger. Details lie in an artifact."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from comporta.records import Message, code

if TYPE_CHECKING:
    from comporta.engine.failures import NodeFailure

INTERRUPTED = code("run.interrupted", "interrupted")
CANCELLED = code("run.cancelled", "cancelled")
PROJECT_AT_FAULT = code("run.project_at_fault", "the project is at fault")
PROCESS_ENDED = code("run.process_ended", "its process ended before it did")
STEPS_FAILED = code("run.steps_failed", "{steps}", steps=tuple)

RAISED = code("run.step_raised", "{step}: {error}", step=str, error=str)
DIED = code("run.step_died", "{step}: its process died", step=str)
LIMIT = code("run.step_limit", "{step}: passed its limit of {limit}", step=str, limit=str)
LATE = code("run.step_late", "{step}: its budget was spent", step=str)
STOPPED = code("run.step_stopped", "{step}: stopped", step=str)


def reason_of(failed: Mapping[str, NodeFailure]) -> Message:
    """Why a run failed. failed: step → how."""
    return STEPS_FAILED(steps=tuple(_step(step, each) for step, each in failed.items()))


def _step(step: str, failed: NodeFailure) -> Message:
    match failed.why:
        case "time" | "memory":
            return LIMIT(step=step, limit=failed.why)
        case "died":
            return DIED(step=step)
        case "late":
            return LATE(step=step)
        case "stopped":
            return STOPPED(step=step)
    # The class of what it raised, or of what Comporta made of that: a name from code, nothing of the data.
    return RAISED(step=step, error=failed.raised)
