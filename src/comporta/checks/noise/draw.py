"""How a report draws what was measured."""

from __future__ import annotations

from comporta.records import Drawing, Drawings, code

FEATURES_CAPTION = code(
    "picture.noise.features",
    "The share of decisions that change where one feature is pushed.",
)

DRAWINGS = Drawings(
    tables=(
        Drawing(
            table="features",
            kind="bars",
            caption=FEATURES_CAPTION(),
            label=("feature", "pushed"),
            value="changed",
        ),
    ),
)
