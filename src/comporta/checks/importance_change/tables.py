"""What the tables of changed importance and their columns are called."""

from __future__ import annotations

from comporta.records import column, table

SHARES = table("shares", "shares")
CHANGE = column("change", "change")
RANKS = column("ranks", "ranks")
