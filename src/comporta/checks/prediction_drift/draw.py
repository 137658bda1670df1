"""How a report draws what was measured."""

from __future__ import annotations

from comporta.records import Drawing, Drawings

DRAWINGS = Drawings(
    tables=(
        Drawing(
            table="scores",
            kind="moved",
            caption="The share of answers whose score of {} is up to that and above the one before it: "
            "hollow then, full now.",
            label=("up_to",),
            value="is",
            apart=("score", "against"),
        ),
    ),
)
