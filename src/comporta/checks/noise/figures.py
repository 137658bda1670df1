"""What the figures of noise sensitivity are called."""

from __future__ import annotations

from comporta.records import quantity

METRIC_LOST = quantity("metric_lost", "metric lost")
CHANGED_BY_EXTREME = quantity("decisions_changed_by_extreme", "decisions changed by an extreme")
NOT_ANSWERED = quantity("rows_not_answered", "rows not answered")
