"""What the tables of the quality of features and their columns are called."""

from __future__ import annotations

from comporta.records import column

IDLE_BECAUSE = column("idle", "idle")
NEARLY = column("nearly_constant", "nearly constant")
MISSING_IN_TRAINING = column("missing_in_training", "missing in training")
MISSING_IN_TEST = column("missing_in_test", "missing in test")
FAR_OUTSIDE_SHARE = column("far_outside", "far outside")
