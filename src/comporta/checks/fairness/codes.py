"""What measuring says here: codes, each with its English sentence."""

from __future__ import annotations

from comporta.records.message import code

NO_RATE = code("evidence.no_rate", "the model gives numbers, so that no one is selected or refused")
NO_PROBABILITY = code("evidence.no_probability", "the model gives no probability")
FEWER_THAN_TWO_GROUPS = code(
    "evidence.fewer_than_two_groups",
    "fewer than two groups of {columns} can be compared",
    columns=tuple,
)
GROUPS_TOO_SMALL = code("evidence.groups_too_small", "Groups too small to be judged: {groups:,}.", groups=int)

TRUE_POSITIVE_RATE = code("fairness.true_positive_rate", "true positive rate")
FALSE_POSITIVE_RATE = code("fairness.false_positive_rate", "false positive rate")
SELECTION_RATE = code("fairness.selection_rate", "selection rate")
ERROR_RATE = code("fairness.error_rate", "error rate")
CALIBRATION = code("fairness.calibration", "calibration")
MEAN_PREDICTION = code("fairness.mean_prediction", "mean prediction")
MEAN_ERROR = code("fairness.mean_error", "mean error")
MEAN_ABSOLUTE_ERROR = code("fairness.mean_absolute_error", "mean absolute error")
