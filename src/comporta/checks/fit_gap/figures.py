"""What the figures of the train/test gap are called."""

from __future__ import annotations

from comporta.records import quantity

FIT_GAP = quantity("fit_gap", "train/test gap")
