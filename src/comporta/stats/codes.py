"""What is said of slices that are too small to be measured, and of figures that have no value."""

from __future__ import annotations

from comporta.records.message import Words, code

TOO_FEW_SUBJECTS = code(
    "stats.too_few_subjects",
    "{rows:,} rows about {subjects} subjects, at least {least} expected",
    rows=int, subjects=int, least=int,
)  # fmt: skip

NO_ROW_OF_CLASS = code(
    "stats.no_row_of_class", "not defined: no row is of the class {label}", label=Words
)  # fmt: skip
CLASS_NEVER_PREDICTED = code(
    "stats.class_never_predicted", "not defined: no row was predicted to be of the class {label}", label=Words
)  # fmt: skip
CLASS_NOWHERE = code(
    "stats.class_nowhere",
    "not defined: no row is, or was predicted to be, of the class {label}",
    label=Words,
)
ONE_CLASS_ONLY = code("stats.one_class_only", "not defined: all rows are of one class")
ONE_CLASS_PREDICTED = code(
    "stats.one_class_predicted", "not defined: all rows were predicted to be of one class"
)
TARGET_ALIKE = code("stats.target_alike", "not defined: the target is the same in all rows")
TARGET_ZERO = code("stats.target_zero", "not defined: the target is 0 in {rows:,} of the rows", rows=int)
UNDEFINED = code("stats.undefined", "not defined on these rows")
