"""How a report draws what was measured."""

from __future__ import annotations

from comporta.records import Drawing, Drawings

DRAWINGS = Drawings(
    tables=(
        Drawing(
            table="reliability_by_tenths",
            kind="curve",
            caption="Each tenth of the rows, by what was said. Shaded: the 95 % interval of what came; "
            "dashed: what came is what was said.",
            along=("x", "what the model said"),
            up=("y", "What came, on average"),
            diagonal=True,
        ),
        Drawing(
            table="reliability",
            kind="curve",
            caption="Dashed: it comes as often as it is said. Above it the model says too little, below it "
            "too much; within the shade that may be chance.",
            along=("x", "how likely the model said it is"),
            up=("y", "How often it came"),
            diagonal=True,
        ),
    ),
)
