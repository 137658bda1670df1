"""What measuring says here: codes, each with its English sentence."""

from __future__ import annotations

from comporta.records.message import code

NOT_SPLIT_BY_TIME = code(
    "evidence.not_split_by_time",
    "the project's rows are not split by time, so no window and no delay of labels is declared",
)
ROWS_HAVE_NO_TIME = code("evidence.rows_have_no_time", "the rows have no time")
TOO_FEW_IN_WINDOW = code(
    "evidence.too_few_in_window",
    "{rows:,} rows in it, at least {least} expected",
    rows=int, least=int,
)  # fmt: skip
TOO_FEW_BEFORE_WINDOW = code(
    "evidence.too_few_before_window",
    "{rows:,} rows to train before it, at least {least} expected",
    rows=int, least=int,
)  # fmt: skip
TOO_SHORT = code(
    "evidence.backtest_too_short",
    "{days:.3g} days of rows are too short for windows after a gap of {gap:.3g} days",
    days=float, gap=float,
)  # fmt: skip
WINDOWS = code(
    "evidence.windows",
    "{made} of {windows} windows of {days:.3g} days, {gap:g} days purged before each.",
    made=int, windows=int, days=float, gap=float,
)  # fmt: skip
