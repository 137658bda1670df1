"""How a report draws what was measured."""

from __future__ import annotations

from comporta.records import Drawing, Drawings, code

LEARNING_CURVE_CAPTION = code(
    "picture.learning_curve.learning_curve",
    "What the model loses on the test rows, by how many rows it learned from. Shaded: 95 % intervals.",
)
LEARNING_CURVE_X = code("picture.learning_curve.learning_curve.x", "training rows")
LEARNING_CURVE_Y = code("picture.learning_curve.learning_curve.y", "Mean loss")

DRAWINGS = Drawings(
    tables=(
        Drawing(
            table="learning_curve",
            kind="curve",
            caption=LEARNING_CURVE_CAPTION(),
            along=("x", LEARNING_CURVE_X()),
            up=("y", LEARNING_CURVE_Y()),
        ),
    ),
)
