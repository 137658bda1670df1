"""What this room says of figures that are not there, and of a form of the model that is not kept."""

from __future__ import annotations

from comporta.records.message import Words, code

TOO_FEW_ROWS = code("train.too_few_rows", "{rows:,} rows, at least {least} expected", rows=int, least=int)
# Of figures measured earlier; today the one of `stats` that names the quotient without a divisor.
NOT_DEFINED = code("train.not_defined", "not defined: one class only, or no spread in the target")
RARER_TOO_FEW = code(
    "train.rarer_too_few",
    "{values:,} rarer values of at most {rows:,} rows, at least {least} expected",
    values=int, rows=int, least=int,
)  # fmt: skip
RARER_VALUES = code(
    "train.rarer_values",
    "{values:,} rarer values; only the {most} most common are measured",
    values=int, most=int,
)  # fmt: skip
ANSWERS_DIFFER = code("train.answers_differ", "{rows:,} of {of:,} rows answer otherwise", rows=int, of=int)
DIFFER_BESIDE = code(
    "train.differ_beside_thresholds",
    "{rows:,} of {of:,} rows at thresholds and a step beside them answer otherwise",
    rows=int, of=int,
)  # fmt: skip
THRESHOLDS_OTHERWISE = code(
    "train.thresholds_otherwise", "its trees are not known to compare numbers as the estimator's do"
)
NOT_ASKED_BESIDE = code(
    "train.not_asked_beside",
    "the estimator raised {error} on a value beside those it has seen, so that they cannot be compared",
    error=str,
)  # fmt: skip
NOT_CONVERTIBLE = code("train.not_convertible", "cannot be converted: {error}: {said}", error=str, said=Words)
