"""How a report draws what was measured."""

from __future__ import annotations

from comporta.records import Drawing, Drawings

DRAWINGS = Drawings(
    tables=(
        Drawing(
            table="curve",
            kind="curve",
            caption="An attacker who guesses which rows were trained on. Dashed: guessing blindly.",
            along=("false_positives", "share of others taken for training rows"),
            up=("true_positives", "Share of training rows found"),
            diagonal=True,
        ),
    ),
)
