"""The references of earlier versions, as the engine hands them: `earlier 1` is the newest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from comporta.records import Artifact, Conditions, conditions
from comporta.records.reference import Reference
from comporta.store.context import StepContext

EARLIER = "earlier "
EARLIER_VERSION = "earlier"
"""What a figure is compared with."""


def earlier_of(context: StepContext, others: Mapping[str, Any]) -> dict[str, Reference]:
    """By name, newest first. Raises NotFound, Tampered."""
    names = sorted((each for each in others if each.startswith(EARLIER)), key=number_of)
    return {
        name: context.get_json(others[name], Reference)
        for name in names
        if isinstance(others[name], Artifact)
    }


def against(name: str) -> Conditions:
    """The condition of a figure that compares with it."""
    return conditions(earlier=number_of(name))


def number_of(name: str) -> int:
    """1 for `earlier 1`."""
    return int(name.removeprefix(EARLIER))
