"""How a report draws what was measured."""

from __future__ import annotations

from comporta.records import Drawing, Drawings

DRAWINGS = Drawings(
    tables=(
        Drawing(
            table="slices",
            kind="dots",
            caption="How many times the mean loss of all rows is lost where the search looked, on rows it "
            "had not seen. None of these was confirmed.",
            label=("where",),
            value="to_overall",
            low="overall_low",
            high="overall_high",
        ),
    ),
    metrics={
        "loss_to_constant": "Mean loss of these rows, as many times what their best constant would lose",
        "loss_to_overall": "Mean loss of these rows, as many times that of all rows",
    },
    once=True,
)
