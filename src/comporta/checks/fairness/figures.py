"""What the figures of disparities between groups are called."""

from __future__ import annotations

from comporta.records import quantity

GROUPS_TOO_SMALL = quantity("groups_too_small", "groups too small")
SELECTION_RATIO = quantity("selection_rate_ratio", "selection rate ratio")
SELECTION_DIFFERENCE = quantity("selection_rate_difference", "selection rate difference")
TRUE_POSITIVE_DIFFERENCE = quantity("true_positive_rate_difference", "true positive rate difference")
FALSE_POSITIVE_DIFFERENCE = quantity("false_positive_rate_difference", "false positive rate difference")
ERROR_RATE_DIFFERENCE = quantity("error_rate_difference", "error rate difference")
CALIBRATION_DIFFERENCE = quantity("calibration_difference", "calibration difference")
MEAN_PREDICTION_DIFFERENCE = quantity("mean_prediction_difference", "mean prediction difference")
MEAN_ERROR_DIFFERENCE = quantity("mean_error_difference", "mean error difference")
MEAN_ABSOLUTE_ERROR_DIFFERENCE = quantity("mean_absolute_error_difference", "mean absolute error difference")
