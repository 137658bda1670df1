"""What the tables of evasion and their columns are called."""

from __future__ import annotations

from comporta.records import column

COST = column("cost", "cost")
