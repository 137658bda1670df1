"""How a report draws what was measured."""

from __future__ import annotations

from comporta.records import Drawing, Drawings, code

CURVE_CAPTION = code(
    "picture.membership.curve",
    "An attacker who guesses which rows were trained on. Dashed: guessing blindly.",
)
CURVE_X = code("picture.membership.curve.x", "share of others taken for training rows")
CURVE_Y = code("picture.membership.curve.y", "Share of training rows found")

DRAWINGS = Drawings(
    tables=(
        Drawing(
            table="curve",
            kind="curve",
            caption=CURVE_CAPTION(),
            along=("false_positives", CURVE_X()),
            up=("true_positives", CURVE_Y()),
            diagonal=True,
        ),
    ),
)
