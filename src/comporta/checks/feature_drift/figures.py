"""What the figures of feature drift are called."""

from __future__ import annotations

from comporta.records import quantity

FEATURE_DRIFT = quantity("feature_drift", "feature drift")
WEIGHTED_DRIFT = quantity("weighted_drift", "weighted drift")
