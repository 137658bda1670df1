"""What the figures of joins in time are called."""

from __future__ import annotations

from comporta.records import quantity

LATE = quantity("rows_joined_before_known", "rows joined before it was known")
EARLY = quantity("rows_joined_to_future", "rows joined to the future")
UNDATED = quantity("joins_without_times", "joins without times")
DECLARED = quantity("known_features_without_times", "known features without times")
