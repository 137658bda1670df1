"""What measuring says here: codes, each with its English sentence."""

from __future__ import annotations

from comporta.records.message import code

CHANGED_ROWS_RAISED = code(
    "evidence.changed_rows_raised", "the changed rows could not be asked: {error}", error=str
)
CHANGED_NOT_FINITE = code(
    "evidence.changed_not_finite", "{rows:,} of the changed rows had no finite answer", rows=int
)
METRIC_NOT_DEFINED = code(
    "evidence.metric_not_defined",
    "not defined on these rows: no truth, one class only, or no spread",
)
GAVE_NO_FRAME = code(
    "evidence.gave_no_frame", "the function gave a {type}, expected a polars frame", type=str
)
GAVE_OTHER_ROWS = code(
    "evidence.gave_other_rows",
    "the function gave {found:,} rows, expected the {expected:,} it was handed",
    found=int, expected=int,
)  # fmt: skip
LEFT_OUT_FEATURES = code(
    "evidence.left_out_features",
    "the function left out {features} features, first {first!r}",
    features=int, first=str,
)  # fmt: skip
GAVE_ROWS_TWICE = code("evidence.gave_rows_twice", "the function gave rows twice or left some out")
