"""What the figures of single features are called."""

from __future__ import annotations

from comporta.records import quantity

ON_TEST = quantity("told_by_one_feature", "told by one feature")
WHERE_SET = quantity("told_where_feature_set", "told where one feature is set")
IN_TRAINING = quantity("told_in_training_only", "told in training only")
