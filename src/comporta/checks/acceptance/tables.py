"""What the tables of an acceptance test and their columns are called."""

from __future__ import annotations

from comporta.records import column, table

ASSERTION = table("assertion", "assertion")
SAYS = column("says", "says")
