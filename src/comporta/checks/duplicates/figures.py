"""What the figures of duplicates are called."""

from __future__ import annotations

from comporta.records import quantity

DUPLICATES = quantity("duplicates", "duplicates")
NEAR_DUPLICATES = quantity("near_duplicates", "near duplicates")
CONTRADICTORY = quantity("contradictory_duplicates", "contradictory duplicates")
