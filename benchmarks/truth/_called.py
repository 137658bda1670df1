"""What a table calls a check: its title, as people read it."""

from __future__ import annotations

from comporta.opened.sentences import sentence
from comporta.records import Check, Text


def called(check: Check) -> str:
    """`attribute inference: predictions and explanations reveal sex by at most 0.1`."""
    title: Text = getattr(check, "title", "") or check.name
    return sentence(title)
