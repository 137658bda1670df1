"""What the figures of prediction drift are called."""

from __future__ import annotations

from comporta.records import quantity

SCORE_DRIFT = quantity("score_drift", "score drift")
DECISION_DRIFT = quantity("decision_drift", "decision drift")
RATE_RATIO = quantity("rate_ratio", "rate ratio")
