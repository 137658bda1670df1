"""What is said of datasets in more than one place."""

from __future__ import annotations

from comporta.records.message import code

MEND = code(
    "data.mend",
    "Run again: it is written anew where the source still returns the rows it was made from; else restore it "
    "from a backup. `comporta audit verify` finds every damaged one.",
)
