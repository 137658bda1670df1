"""Which things a count is of, as a note of its figure: so each reader of a verdict is told by name."""

from __future__ import annotations

from collections.abc import Sequence

from comporta.checks.shared.measuring.codes import THESE, THESE_AND_MORE
from comporta.records import Message

MOST_NAMED = 5


def these(things: Sequence[Message | str]) -> tuple[Message, ...]:
    """`(age: empty in the test; income: 3 infinite values; and 4 more)`: the first five; nothing of none."""
    if not things:
        return ()
    first = tuple(things[:MOST_NAMED])
    if len(things) <= MOST_NAMED:
        return (THESE(things=first),)
    return (THESE_AND_MORE(things=first, more=len(things) - MOST_NAMED),)
