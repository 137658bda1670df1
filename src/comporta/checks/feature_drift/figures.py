"""What the figures of feature drift are called."""

from __future__ import annotations

from comporta.records import quantity

FEATURE_DRIFT = quantity("feature_drift", "feature drift")
IMPORTANCE_BEFORE = quantity("importance_before", "share of importance before")
WEIGHTED_DRIFT = quantity("weighted_drift", "weighted drift")
