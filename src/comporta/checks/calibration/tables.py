"""What the tables of calibration and their columns are called."""

from __future__ import annotations

from comporta.records import table

RELIABILITY = table("reliability", "reliability")
BY_TENTHS = table("reliability_by_tenths", "reliability by tenths")
