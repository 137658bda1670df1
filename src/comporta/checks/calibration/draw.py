"""How a report draws what was measured."""

from __future__ import annotations

from comporta.records import Drawing, Drawings, code

RELIABILITY_BY_TENTHS_CAPTION = code(
    "picture.calibration.reliability_by_tenths",
    "Each tenth of the rows, by what was said. Shaded: the 95 % interval of what came; dashed: what "
    "came is what was said.",
)
RELIABILITY_BY_TENTHS_X = code("picture.calibration.reliability_by_tenths.x", "what the model said")
RELIABILITY_BY_TENTHS_Y = code("picture.calibration.reliability_by_tenths.y", "What came, on average")
RELIABILITY_CAPTION = code(
    "picture.calibration.reliability",
    "Dashed: it comes as often as it is said. Above it the model says too little, below it too much;"
    " within the shade that may be chance.",
)
RELIABILITY_X = code("picture.calibration.reliability.x", "how likely the model said it is")
RELIABILITY_Y = code("picture.calibration.reliability.y", "How often it came")

DRAWINGS = Drawings(
    tables=(
        Drawing(
            table="reliability_by_tenths",
            kind="curve",
            caption=RELIABILITY_BY_TENTHS_CAPTION(),
            along=("x", RELIABILITY_BY_TENTHS_X()),
            up=("y", RELIABILITY_BY_TENTHS_Y()),
            diagonal=True,
        ),
        Drawing(
            table="reliability",
            kind="curve",
            caption=RELIABILITY_CAPTION(),
            along=("x", RELIABILITY_X()),
            up=("y", RELIABILITY_Y()),
            diagonal=True,
        ),
    ),
)
