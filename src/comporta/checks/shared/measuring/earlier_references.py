"""The references of earlier versions, as the engine hands them: 1 is the newest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from comporta.records import Artifact, Conditions, conditions
from comporta.records.reference import Reference
from comporta.records.variadic_input import earlier_inputs
from comporta.store.context import StepContext

EARLIER_VERSION = "earlier"
"""What a figure is compared with."""


def earlier_of(context: StepContext, others: Mapping[str, Any]) -> dict[int, Reference]:
    """By number, newest first. Raises NotFound, Tampered."""
    return {
        number: context.get_json(each, Reference)
        for number, each in earlier_inputs(others).items()
        if isinstance(each, Artifact)
    }


def against(number: int) -> Conditions:
    """The condition of a figure that compares with it."""
    return conditions(earlier=number)
