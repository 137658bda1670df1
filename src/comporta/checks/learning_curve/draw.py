"""How a report draws what was measured."""

from __future__ import annotations

from comporta.records import Drawing, Drawings

DRAWINGS = Drawings(
    tables=(
        Drawing(
            table="learning_curve",
            kind="curve",
            caption="What the model loses on the test rows, by how many rows it learned from. Shaded: 95 % "
            "intervals.",
            along=("x", "training rows"),
            up=("y", "Mean loss"),
        ),
    ),
)
