"""How a report draws what was measured."""

from __future__ import annotations

from comporta.records import Drawing, Drawings, code

CURVE_CAPTION = code(
    "picture.evasion.curve",
    "Refused rows that would be accepted after changes of that cost.",
)
CURVE_X = code("picture.evasion.curve.x", "what the changes cost")
CURVE_Y = code("picture.evasion.curve.y", "Share of refused rows that flip")

DRAWINGS = Drawings(
    tables=(
        Drawing(
            table="curve",
            kind="curve",
            caption=CURVE_CAPTION(),
            along=("cost", CURVE_X()),
            up=("share", CURVE_Y()),
        ),
    ),
)
