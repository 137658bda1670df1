"""How a report draws what was measured."""

from __future__ import annotations

from comporta.records import Drawing, Drawings, code

SHARES_CAPTION = code(
    "picture.importance_change.shares",
    "Each feature's share of all importance: hollow in {of}, full in this. Pale: where the full dot "
    "may lie; where that holds the hollow dot, the change may be chance.",
    of=str,
)
IMPORTANCE_MOVED_UNDER_PICTURES = code(
    "picture.importance_change.importance_moved",
    "Share of all importance that lies with other features than before",
)

DRAWINGS = Drawings(
    tables=(
        Drawing(
            table="shares",
            kind="moved",
            caption=SHARES_CAPTION(of="{}"),
            label=("feature",),
            value="is",
            apart=("against",),
        ),
    ),
    metrics={"importance_moved": IMPORTANCE_MOVED_UNDER_PICTURES()},
)
