"""What the tables of conduct and their columns are called."""

from __future__ import annotations

from comporta.records import table

BROKEN_BY = table("broken_by", "broken by")
