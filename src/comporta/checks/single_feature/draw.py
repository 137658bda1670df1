"""How a report draws what was measured."""

from __future__ import annotations

from comporta.records import Drawing, Drawings

DRAWINGS = Drawings(
    tables=(
        Drawing(
            table="features",
            kind="bars",
            caption="How well each feature alone tells the target, on test rows.",
            label=("feature",),
            value="test",
        ),
    ),
)
