"""What measuring says here: codes, each with its English sentence."""

from __future__ import annotations

from comporta.records.message import code

TOO_FEW_TRAINING_ROWS = code(
    "evidence.too_few_training_rows",
    "{rows:,} training rows, at least {least} expected",
    rows=int, least=int,
)  # fmt: skip
VALUES_OF_ONE_ROW = code(
    "evidence.values_of_one_row", "{share:.1%} of its values are of one row", share=float
)
COUNT_OF_ROWS = code(
    "evidence.count_of_rows",
    "{share:.1%} of its values are of one row, and they fill their range: a count of rows",
    share=float,
)
CLOCK = code("evidence.clock", "it rises or falls with the row's time: a clock")
