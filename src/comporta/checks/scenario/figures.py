"""What the figures of a scenario are called."""

from __future__ import annotations

from comporta.records import quantity

MEAN_PREDICTION = quantity("mean_prediction", "mean prediction")
MEAN_CHANGE = quantity("mean_prediction_change", "change of the mean prediction")
