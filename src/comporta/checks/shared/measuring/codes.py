"""What measurings of several checks say: codes, each with its English sentence."""

from __future__ import annotations

from comporta.records.message import Text, Words, code

FEWER_THAN_TWO_TARGETS = code("evidence.fewer_than_two_targets", "fewer than two rows have a target")
PERMUTED = code(
    "evidence.permuted",
    "Permutation: the mean added to {loss}; {rows:,} rows asked.",
    loss=Text, rows=int,
)  # fmt: skip
SQUARED_ERROR = code("evidence.squared_error", "the squared error")
LOG_LOSS = code("evidence.log_loss", "the log loss")
WRONG_LABELS = code("evidence.wrong_labels", "the share of wrong labels")
NOTHING_LOST = code("evidence.nothing_lost", "no feature's permutation loses anything")
NO_SHARES = code("evidence.no_shares", "No feature's permutation loses anything: there are no shares.")
FEWER_THAN_TWO_VALUES = code(
    "evidence.fewer_than_two_values",
    "fewer than two values of {column} have {least} rows each",
    column=str, least=int,
)  # fmt: skip
VALUES_TOO_SMALL = code(
    "evidence.values_too_small", "Not judged, under {least} rows: {values}.", least=int, values=Text
)
VALUES_OF_FEW_SUBJECTS = code(
    "evidence.values_of_few_subjects",
    "Not judged, about fewer than {least} subjects: {values}.",
    least=int, values=Text,
)  # fmt: skip
VALUES_TOO_RARE = code(
    "evidence.values_too_rare",
    "Not judged, beyond the {most} most common: {values}.",
    most=int, values=Text,
)  # fmt: skip
VALUES_NOT_TOLD_APART = code(
    "evidence.values_not_told_apart",
    "Not judged, too few rows of it, or groups, to be told apart: {values}.",
    values=Text,
)
NO_SUCH_CLASS = code("evidence.no_such_class", "the model has no class {label!r}", label=Words)
NO_TEST_ROWS = code("evidence.no_test_rows", "there are no test rows")
NOT_DEFINED = code("evidence.not_defined", "it is not defined on these rows")
TRAINING_RAISED = code("evidence.training_raised", "the training function raised {error}", error=str)
NO_EARLIER_VERSION = code("evidence.no_earlier_version", "there is no earlier version to compare with")
OF_FEATURE = code("evidence.of_feature", "{feature}: {what}", feature=str, what=Text)
THESE = code("evidence.these", "({things:; })", things=tuple)
THESE_AND_MORE = code("evidence.these_and_more", "({things:; }; and {more:,} more)", things=tuple, more=int)
LISTED = code("evidence.listed", "{values}", values=tuple)
LISTED_AND_MORE = code("evidence.listed_and_more", "{values} and {more:,} more", values=tuple, more=int)

PERCENTILE_1 = code("push.percentile_1", "1st percentile")
PERCENTILE_99 = code("push.percentile_99", "99th percentile")
BELOW_RANGE = code("push.below_range", "below its range")
ABOVE_RANGE = code("push.above_range", "above its range")
ANOTHER_VALUE = code("push.another_value", "another value")
MISSING_VALUE = code("push.missing", "missing")
