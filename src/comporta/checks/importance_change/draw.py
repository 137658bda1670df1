"""How a report draws what was measured."""

from __future__ import annotations

from comporta.records import Drawing, Drawings

DRAWINGS = Drawings(
    tables=(
        Drawing(
            table="shares",
            kind="moved",
            caption="Each feature's share of all importance: hollow in {}, full in this. Pale: where "
            "the full dot may lie; where that holds the hollow dot, the change may be chance.",
            label=("feature",),
            value="is",
            apart=("against",),
        ),
    ),
    metrics={"importance_moved": "Share of all importance that lies with other features than before"},
)
