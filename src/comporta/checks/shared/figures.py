"""What figures are called that several checks measure."""

from __future__ import annotations

from comporta.records import quantity

COMPARED = quantity("compared", "compared")
DECISIONS_CHANGED = quantity("decisions_changed", "decisions changed")
IMPORTANCE = quantity("importance", "share of importance")
IMPORTANCE_LOSS = quantity("permutation_importance", "permutation importance")
IMPORTANCE_RANK = quantity("importance_rank", "rank by importance")
VALUES_TOO_SMALL = quantity("values_too_small", "values too small")
VALUES_BEYOND_MOST_COMMON = quantity("values_beyond_most_common", "values beyond the most common")
VALUES_NOT_TOLD_APART = quantity("values_not_told_apart", "values not told apart")
