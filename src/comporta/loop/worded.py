"""What was measured as a person reads it: sentences made from the codes that stand in artifacts."""

from __future__ import annotations

from functools import cache
from typing import Any

from msgspec import convert
from msgspec.structs import replace

from comporta.evidence.codes import MODULES
from comporta.loop import codes as own
from comporta.records import Evidence, Findings, Message, Text, codes_in, say, unmeasured_in
from comporta.stats import codes as stats
from comporta.train import codes as train


@cache
def templates() -> dict[str, str]:
    """Code → English sentence, of all that is said of measurings."""
    return codes_in(*MODULES, stats, train, own)


def worded(found: Findings) -> Findings:
    """The same with sentences for codes, in its tables too."""
    return replace(
        found,
        unmeasured=tuple(replace(each, why=_say(each.why)) for each in unmeasured_in(found)),
        without=_say(found.without),
        notes=tuple(_say(each) for each in found.notes),
        missing={},
        tables={
            name: tuple({column: _cell(value) for column, value in row.items()} for row in rows)
            for name, rows in found.tables.items()
        },
    )


def evidence_worded(found: Evidence) -> Evidence:
    """The same with sentences for codes."""
    return replace(
        found,
        missing=_say(found.missing),
        without=_say(found.without),
        unmeasured=tuple(replace(each, why=_say(each.why)) for each in found.unmeasured),
    )


def _say(text: Text) -> str:
    return say(text, templates())


def _cell(value: Any) -> Any:
    """A cell of a table is plain JSON, a message in it too."""
    if isinstance(value, dict) and value.get("type") == "message":
        value = convert(value, Message)
    return _say(value) if isinstance(value, Message) else value
