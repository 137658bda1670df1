"""What the figures of the quality of features are called."""

from __future__ import annotations

from comporta.records import quantity

BROKEN = quantity("broken_features", "broken features")
IDLE = quantity("idle_features", "idle features")
FAR_OUTSIDE = quantity("values_far_outside", "share of values far outside")
