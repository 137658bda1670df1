"""How a report draws what was measured."""

from __future__ import annotations

from comporta.records import Drawing, Drawings, code

REMOVED_CAPTION = code(
    "picture.leakage.removed",
    "What the others still tell of the target as one feature after the other is taken away.",
)

DRAWINGS = Drawings(
    tables=(
        Drawing(
            table="features_removed",
            kind="bars",
            caption=REMOVED_CAPTION(),
            label=("feature",),
            value="left_tell",
        ),
    ),
)
