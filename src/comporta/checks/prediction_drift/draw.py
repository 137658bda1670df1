"""How a report draws what was measured."""

from __future__ import annotations

from comporta.records import Drawing, Drawings, code

SCORES_CAPTION = code(
    "picture.prediction_drift.scores",
    "The share of answers whose score of {of} is up to that and above the one before it: hollow "
    "then, full now.",
    of=str,
)

DRAWINGS = Drawings(
    tables=(
        Drawing(
            table="scores",
            kind="moved",
            caption=SCORES_CAPTION(of="{}"),
            label=("up_to",),
            value="is",
            apart=("score", "against"),
        ),
    ),
)
