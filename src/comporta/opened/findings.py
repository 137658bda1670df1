"""Stored findings, converted to today's form whichever release wrote them."""

from __future__ import annotations

from typing import Any

from msgspec import convert
from msgspec.structs import replace

from comporta.records import Artifact, Findings, Message, Scores, findings_today, scores_today
from comporta.store import StepContext


def findings_at(context: StepContext, artifact: Artifact) -> Findings:
    """With messages in the cells of tables, which plain JSON holds them in. Raises NotFound, Tampered."""
    found = findings_today(context.get_json(artifact, Findings))
    return replace(
        found,
        tables={
            name: tuple({column: _cell(value) for column, value in row.items()} for row in rows)
            for name, rows in found.tables.items()
        },
    )


def scores_at(context: StepContext, artifact: Artifact) -> Scores:
    """The scores that are kept here. Raises NotFound, Tampered."""
    return scores_today(context.get_json(artifact, Scores))


def _cell(value: Any) -> Any:
    is_message = isinstance(value, dict) and value.get("type") == "message"
    return convert(value, Message) if is_message else value
