"""How a report draws what was measured."""

from __future__ import annotations

from comporta.records import Drawing, Drawings

DRAWINGS = Drawings(
    tables=(
        Drawing(
            table="features",
            kind="bars",
            caption="The share of decisions that change where one feature is pushed.",
            label=("feature", "pushed"),
            value="changed",
        ),
    ),
)
