"""What several measurings say."""

from __future__ import annotations

from comporta.records.message import Text, code

NO_TEST_ROWS = code("evidence.no_test_rows", "there are no test rows")
TOO_FEW_ROWS = code("evidence.too_few_rows", "{rows:,} rows, at least {least} expected", rows=int, least=int)
NOT_DEFINED = code("evidence.not_defined", "it is not defined on these rows")
TRAINING_RAISED = code("evidence.training_raised", "the training function raised {error}", error=str)
NO_EARLIER_VERSION = code("evidence.no_earlier_version", "there is no earlier version to compare with")
ANSWER_NOT_FINITE = code("evidence.answer_not_finite", "an answer is no finite number")
OF_FEATURE = code("evidence.of_feature", "{feature}: {what}", feature=str, what=Text)
LISTED = code("evidence.listed", "{values}", values=tuple)
LISTED_AND_MORE = code("evidence.listed_and_more", "{values} and {more:,} more", values=tuple, more=int)
