"""What the figures of parity are called."""

from __future__ import annotations

from comporta.records import quantity

LARGEST = quantity("largest_difference", "largest difference")
REFUSED = quantity("rows_refused", "rows refused")
ROUNDED = quantity("rows_apart_by_rounding", "rows apart by rounding")
LARGEST_OF_FEATURE = quantity("largest_feature_difference", "largest feature difference")
FEATURES = quantity("features_compared", "features compared")
BESIDE = quantity("rows_beside_thresholds", "rows at thresholds and beside them")
THRESHOLDS = quantity("thresholds_asked", "thresholds asked")
REQUESTED = quantity("rows_from_raw_request", "rows from the raw request on")
NOT_SERVED = quantity("not_served", "not served by a fresh process")
LIVE_FILE = quantity("live_file_read", "reads of a file that is not kept with the version")
BEYOND = quantity("rows_beyond", "rows beyond")

RAW, CANDIDATE = "raw request", "candidate"
"""Forms in which a figure is measured, beside the model's own: as raw requests, and as it was trained."""
