"""What was measured as a person reads it: sentences made from the codes that stand in artifacts."""

from __future__ import annotations

from typing import Any

from msgspec import convert
from msgspec.structs import replace

from comporta.loop.sentences import Say, sentence
from comporta.records import Findings, Message, unmeasured_in


def worded(found: Findings, say: Say = sentence) -> Findings:
    """The same with sentences for codes, in its tables too."""
    return replace(
        found,
        unmeasured=tuple(replace(each, why=say(each.why)) for each in unmeasured_in(found)),
        without=say(found.without),
        notes=tuple(say(each) for each in found.notes),
        missing={},
        tables={
            name: tuple({column: _cell(value, say) for column, value in row.items()} for row in rows)
            for name, rows in found.tables.items()
        },
    )


def _cell(value: Any, say: Say) -> Any:
    """A cell of a table is plain JSON, a message in it too."""
    if isinstance(value, dict) and value.get("type") == "message":
        value = convert(value, Message)
    return say(value) if isinstance(value, Message) else value
