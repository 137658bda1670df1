"""How a report draws what was measured."""

from __future__ import annotations

from comporta.records import Drawing, Drawings

DRAWINGS = Drawings(
    tables=(
        Drawing(
            table="groups",
            kind="dots",
            caption="The {} of each group, with its 95 % interval.",
            label=("group",),
            apart=("quantity", "class"),
        ),
    ),
)
