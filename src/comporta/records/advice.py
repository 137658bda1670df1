"""What is said to whoever runs Comporta, by rooms that are too heavy to load for a sentence."""

from __future__ import annotations

from comporta.records.message import code

MEND = code(
    "data.mend",
    "Run again: it is written anew where the source still returns the rows it was made from; else restore it "
    "from a backup. `comporta audit verify` finds every damaged one.",
)
CANNOT = code("serve.cannot", "the new release cannot be served.")
"""What is said before the reason; whoever started the server looks for it."""
