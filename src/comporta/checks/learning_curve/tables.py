"""What the tables of the learning curve and their columns are called."""

from __future__ import annotations

from comporta.records import table

LEARNING_CURVE_TABLE = table("learning_curve", "mean loss by training rows")
