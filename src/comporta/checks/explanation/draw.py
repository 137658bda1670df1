"""How a report draws what was measured."""

from __future__ import annotations

from comporta.records import Drawing, Drawings, code

EXPLANATION_CAPTION = code(
    "picture.explanation.explanation",
    "Each feature's share of what moves the answers: the mean size of its Shapley values.",
)

DRAWINGS = Drawings(
    tables=(
        Drawing(
            table="explanation",
            kind="bars",
            caption=EXPLANATION_CAPTION(),
            label=("feature",),
            value="share",
        ),
    ),
)
