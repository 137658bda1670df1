"""What measuring says here: codes, each with its English sentence."""

from __future__ import annotations

from comporta.records.message import code

LOSSES_ARE = code(
    "evidence.losses_are",
    "Losses are {loss}; the tree and the line learned from {rows:,} rows.",
    loss=str, rows=int,
)  # fmt: skip
