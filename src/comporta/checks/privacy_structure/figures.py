"""What the figures of the build of a model are called."""

from __future__ import annotations

from comporta.records import quantity

ROWS_KEPT = quantity("training_rows_kept", "training rows kept")
ROWS_IN_SMALL_LEAVES = quantity("training_rows_in_small_leaves", "training rows in small leaves")
WEIGHTS_PER_ROW = quantity("weights_per_training_row", "weights for each training row")
RARE_WORDS = quantity("words_of_few_rows", "words of few rows")
