"""How a report draws what was measured."""

from __future__ import annotations

from comporta.records import Drawing, Drawings, code

TELLING_CAPTION = code("picture.proxy.telling", "How well each tells the group: 0.5 is chance, 1 is all.")

DRAWINGS = Drawings(
    tables=(
        Drawing(
            table="telling",
            kind="dots",
            caption=TELLING_CAPTION(),
            label=("what",),
            value="auc",
        ),
    ),
)
