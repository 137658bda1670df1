"""The references of earlier versions, as the engine hands them: `earlier 1` is the newest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from comporta.records import Artifact
from comporta.records.reference import Reference
from comporta.store.context import StepContext

EARLIER = "earlier "


def earlier_of(context: StepContext, others: Mapping[str, Any]) -> dict[str, Reference]:
    """By name, newest first. Raises NotFound, Tampered."""
    names = sorted((each for each in others if each.startswith(EARLIER)), key=_number)
    return {
        name: context.get_json(others[name], Reference)
        for name in names
        if isinstance(others[name], Artifact)
    }


def _number(name: str) -> int:
    return int(name.removeprefix(EARLIER))
