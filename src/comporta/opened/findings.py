"""Stored findings, converted to today's form whichever release wrote them."""

from __future__ import annotations

from typing import Any

from msgspec import convert
from msgspec.structs import replace

from comporta.records import Artifact, Findings, Message, unmeasured_in
from comporta.store import StepContext


def findings_at(context: StepContext, artifact: Artifact) -> Findings:
    """The findings, with messages in the cells of their tables. Raises NotFound, Tampered."""
    found = context.get_json(artifact, Findings)
    return replace(
        found,
        unmeasured=unmeasured_in(found),
        missing={},
        tables={
            name: tuple({column: _cell(value) for column, value in row.items()} for row in rows)
            for name, rows in found.tables.items()
        },
    )


def _cell(value: Any) -> Any:
    is_message = isinstance(value, dict) and value.get("type") == "message"
    return convert(value, Message) if is_message else value
