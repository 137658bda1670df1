"""What is said of slices that are too small to be measured, and of figures that have no value."""

from __future__ import annotations

from comporta.records.message import Message, Words, code

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

GROUPS_AND_DAYS = code(
    "stats.groups_and_days", "in {units:,} groups and {days:,} days", units=int, days=int
)  # fmt: skip
ROWS_DIFFERENT = code("stats.rows_different", "of which {units:,} differ", units=int)
ROWS_DIFFERENT_AND_DAYS = code(
    "stats.rows_different_and_days", "of which {units:,} differ, in {days:,} days", units=int, days=int
)
HEAVY_TAIL = code(
    "stats.heavy_tail",
    "its interval is not reliable, as the largest 1 % of the errors hold {share:.0%} of the squared error: "
    "ask for mae or median_ae",
    share=float,
)
HEAVY_DIFFERENCE = code(
    "stats.heavy_difference",
    "its interval is not reliable, as the 1 % of the rows in which they differ most hold {share:.0%} of the "
    "difference in squared error: ask for mae or median_ae",
    share=float,
)
COULD_COST = code(
    "stats.could_cost",
    "(one row in {rows:,} of a kind that these lack, {wrong}, could cost {cost:g})",
    rows=int, wrong=Message, cost=float,
)  # fmt: skip
WRONG_BY_REACH = code("stats.wrong_by_reach", "wrong by the range of the target")
WRONG_ALTOGETHER = code("stats.wrong_altogether", "wrong altogether")
UNLIKELY = code("stats.unlikely", "of whose outcome the chance was put at {chance:g}", chance=float)
DAYS_INDEPENDENT = code("stats.days_independent", "of {days} days, taken as independent", days=int)
ONE_DAY_INDEPENDENT = code("stats.one_day_independent", "of one day, taken as independent")
FEW_DAYS = code(
    "stats.few_days", "in {units:,} groups, whose {days} days are taken as independent", units=int, days=int
)

CLUSTERS = tuple(each.id for each in (GROUPS_AND_DAYS, ROWS_DIFFERENT, ROWS_DIFFERENT_AND_DAYS, FEW_DAYS))
"""The notes that tell how many clusters rows are in."""
