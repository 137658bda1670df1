"""What the tables of identifiers and their columns are called."""

from __future__ import annotations

from comporta.records import table

IDENTIFYING = table("identifiers", "identifiers")
