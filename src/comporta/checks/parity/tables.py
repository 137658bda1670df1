"""What the tables of parity and their columns are called."""

from __future__ import annotations

from comporta.records import column, table

DIFFERENCES = table("differences", "differences")
UNSERVED = table("not_served", "not served")
BEYOND_LIMIT = column("beyond", "beyond")
REQUEST = column("request", "request")
LARGEST_APART = column("largest", "largest")
