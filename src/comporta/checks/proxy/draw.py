"""How a report draws what was measured."""

from __future__ import annotations

from comporta.records import Drawing, Drawings

DRAWINGS = Drawings(
    tables=(
        Drawing(
            table="telling",
            kind="dots",
            caption="How well each tells the group: 0.5 is chance, 1 is all.",
            label=("what",),
            value="auc",
        ),
    ),
)
