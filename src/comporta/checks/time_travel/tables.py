"""What the tables of joins and their columns are called."""

from __future__ import annotations

from comporta.records import column, table

JOINS = table("joins", "joins")
KNOWN = table("known", "known")
JOIN = column("join", "join")
DATED = column("dated", "dated")
LATE_ROWS = column("late", "late")
EARLY_ROWS = column("early", "early")
