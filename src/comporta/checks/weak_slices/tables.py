"""What the tables of weak slices and their columns are called."""

from __future__ import annotations

from comporta.records import column, table

SLICES = table("slices", "slices")
OVERALL = column("to_overall", "to overall")
OVERALL_LOW = column("overall_low", "overall low")
OVERALL_HIGH = column("overall_high", "overall high")
CONSTANT = column("to_constant", "to constant")
CONFIRMED_SLICE = column("confirmed", "confirmed")
