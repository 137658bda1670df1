"""What the tables of proxies and their columns are called."""

from __future__ import annotations

from comporta.records import table

TELLING = table("telling", "telling")
