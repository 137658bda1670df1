"""How a report draws what was measured."""

from __future__ import annotations

from comporta.records import Drawing, Drawings, code

SLICES_CAPTION = code(
    "picture.weak_slices.slices",
    "How many times the mean loss of all rows is lost where the search looked, on rows it had not "
    "seen. None of these was confirmed.",
)
LOSS_TO_CONSTANT_UNDER_PICTURES = code(
    "picture.weak_slices.loss_to_constant",
    "Mean loss of these rows, as many times what their best constant would lose",
)
LOSS_TO_OVERALL_UNDER_PICTURES = code(
    "picture.weak_slices.loss_to_overall",
    "Mean loss of these rows, as many times that of all rows",
)

DRAWINGS = Drawings(
    tables=(
        Drawing(
            table="slices",
            kind="dots",
            caption=SLICES_CAPTION(),
            label=("where",),
            value="to_overall",
            low="overall_low",
            high="overall_high",
        ),
    ),
    metrics={
        "loss_to_constant": LOSS_TO_CONSTANT_UNDER_PICTURES(),
        "loss_to_overall": LOSS_TO_OVERALL_UNDER_PICTURES(),
    },
    once=True,
)
