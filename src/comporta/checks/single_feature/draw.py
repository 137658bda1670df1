"""How a report draws what was measured."""

from __future__ import annotations

from comporta.records import Drawing, Drawings, code

FEATURES_CAPTION = code(
    "picture.single_feature.features",
    "How well each feature alone tells the target, on test rows.",
)

DRAWINGS = Drawings(
    tables=(
        Drawing(
            table="features",
            kind="bars",
            caption=FEATURES_CAPTION(),
            label=("feature",),
            value="test",
        ),
    ),
)
