"""How a report draws what was measured."""

from __future__ import annotations

from comporta.records import Drawing, Drawings

DRAWINGS = Drawings(
    tables=(
        Drawing(
            table="explanation",
            kind="bars",
            caption="Each feature's share of what moves the answers: the mean size of its Shapley values.",
            label=("feature",),
            value="share",
        ),
    ),
)
