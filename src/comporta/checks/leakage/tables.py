"""What the tables of leakage and their columns are called."""

from __future__ import annotations

from comporta.records import column, table

REMOVED = table("features_removed", "features removed one after the other")
ABSENCE = table("absence", "what is told by being missing, or by being there")

LEFT_TELL = column("left_tell", "the others tell")
ERRORS = column("errors", "errors")
SIDE = column("side", "rows")
OF_CLASS = column("of_class", "of one class")
OF_CLASS_OVERALL = column("of_class_overall", "of it among all rows")
TOLD = column("told", "told")
