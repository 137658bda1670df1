"""What the tables of duplicates and their columns are called."""

from __future__ import annotations

from comporta.records import table

DUPLICATED = table("duplicates", "duplicates")
