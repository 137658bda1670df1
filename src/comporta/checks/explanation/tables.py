"""What the tables of explanations and their columns are called."""

from __future__ import annotations

from comporta.records import column, table

EXPLANATION = table("explanation", "explanation")
MEAN_SIZE = column("mean_size", "mean size")
MEAN = column("mean", "mean")
PERCENTILE_5 = column("percentile_5", "5th percentile")
PERCENTILE_95 = column("percentile_95", "95th percentile")
