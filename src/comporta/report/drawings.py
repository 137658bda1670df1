"""How a table is drawn by its columns, where no check says how, such as those of a team's own."""

from __future__ import annotations

from comporta.records import Drawing

BY_COLUMNS = (
    Drawing(kind="curve", caption="{}", along=("x", ""), up=("y", "")),
    *(
        Drawing(kind="bars", caption="{}: " + value, label=(label,), value=value)
        for label in ("name", "feature", "group", "window")
        for value in ("value", "share", "change")
    ),
)
"""Tables that no check draws, such as those of a team's own, by their columns."""
