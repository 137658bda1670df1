"""What the tables of groups and their columns are called."""

from __future__ import annotations

from comporta.records import column, table

GROUPS = table("groups", "groups")
QUANTITY = column("quantity", "quantity")
GROUP = column("group", "group")
