"""What the figures of the expectations of datasets are called."""

from __future__ import annotations

from comporta.records import quantity

BREACH = quantity("rows_that_break_expectation", "rows that break an expectation")
