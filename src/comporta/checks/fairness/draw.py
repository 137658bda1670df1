"""How a report draws what was measured."""

from __future__ import annotations

from comporta.records import Drawing, Drawings, code

GROUPS_CAPTION = code("picture.fairness.groups", "The {of} of each group, with its 95 % interval.", of=str)

DRAWINGS = Drawings(
    tables=(
        Drawing(
            table="groups",
            kind="dots",
            caption=GROUPS_CAPTION(of="{}"),
            label=("group",),
            apart=("quantity", "class"),
        ),
    ),
)
