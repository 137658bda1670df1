"""How a report draws what was measured."""

from __future__ import annotations

from comporta.records import Drawing, Drawings

DRAWINGS = Drawings(
    tables=(
        Drawing(
            table="curve",
            kind="curve",
            caption="Refused rows that would be accepted after changes of that cost.",
            along=("cost", "what the changes cost"),
            up=("share", "Share of refused rows that flip"),
        ),
    ),
)
