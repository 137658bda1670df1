"""What is said of how good the answers are, now and in the past."""

from __future__ import annotations

from comporta.records.message import code

# backtest
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
WINDOWS = code(
    "evidence.windows",
    "{made} of {windows} windows of {days:.3g} days, {gap:g} days purged before each.",
    made=int, windows=int, days=float, gap=float,
)  # fmt: skip

# baselines
LOSSES_ARE = code(
    "evidence.losses_are",
    "Losses are {loss}; the tree and the line learned from {rows:,} rows.",
    loss=str, rows=int,
)  # fmt: skip

# calibration
LABELS_ONLY = code("evidence.labels_only", "the model gives labels and no probabilities")
IN_DEVIATIONS = code(
    "evidence.in_deviations",
    "Errors and biases are in standard deviations of the target ({spread:.4g}).",
    spread=float,
)
IN_SHARES = code(
    "evidence.in_shares", "Bias is the mean of what was predicted less what came true, in shares."
)

# learning_curve
NO_FIT_ON_HALF = code("evidence.no_fit_on_half", "no fit on half of the rows was made")
LOSS_FROM_ROWS = code("evidence.loss_from_rows", "{loss:.4g} from {rows:,}", loss=float, rows=int)
LEARNING_CURVE = code("evidence.learning_curve", "Mean {loss}: {points} rows.", loss=str, points=tuple)

# replay
NOT_SERVED_YET = code("evidence.not_served_yet", "nothing of this model has been served whose label has come")
TOO_FEW_LOGGED = code(
    "evidence.too_few_logged",
    "{rows:,} logged rows with a label that it was not trained on, at least {least} expected",
    rows=int, least=int,
)  # fmt: skip
LOGGED_ROWS = code(
    "evidence.logged_rows",
    "{rows:,} logged rows with a label, and {learned:,} left out that it learned from.",
    rows=int, learned=int,
)  # fmt: skip
SUBJECTS_RESAMPLED = code(
    "evidence.subjects_resampled", "No {group} is logged: subjects are resampled.", group=str
)
ROWS_RESAMPLED = code(
    "evidence.rows_resampled", "No {group} is logged: single rows are resampled.", group=str
)

# versus
NO_CHAMPION = code("evidence.no_champion", "there is no champion yet to compare with")
CHAMPION_COULD_NOT_ANSWER = code(
    "evidence.champion_could_not_answer",
    "the champion could not answer: its features are not all in the candidate's table. Leave them in the "
    "table's `compute` and `use` until it is compared",
)
CHAMPION_OTHER_CLASSES = code(
    "evidence.champion_other_classes", "the champion predicts other classes than the candidate"
)
NO_ROW_OF_BOTH = code(
    "evidence.no_row_of_both", "no row was predicted by both models and learned from by neither"
)
CHAMPION_GIVES_NO = code("evidence.champion_gives_no", "the champion's output gives no {needs}", needs=str)
NO_TABLE_DEFINED = code(
    "evidence.no_table_defined", "no table of {least} rows in which it is defined", least=int
)
NO_SLICE_DEFINED = code(
    "evidence.no_slice_defined",
    "no {column} of {least} rows in which it is defined",
    column=str, least=int,
)  # fmt: skip

# weak_slices
NO_COLUMN_TO_SLICE_BY = code("evidence.no_column_to_slice_by", "the table has no column to slice by")
TOO_FEW_UNITS = code(
    "evidence.too_few_units",
    "{rows:,} rows of {units:,} units in one half of the test rows, at least {least} of {least_units} "
    "expected",
    rows=int, units=int, least=int, least_units=int,
)  # fmt: skip
CONSTANT_COSTS_NOTHING = code("evidence.constant_costs_nothing", "a constant would cost nothing there")
SLICES_CONFIRMED = code(
    "evidence.slices_confirmed",
    "{confirmed} of {slices} slices with the highest {loss} were confirmed on the other half.",
    confirmed=int, slices=int, loss=str,
)  # fmt: skip
COLUMNS_SEARCHED = code(
    "evidence.columns_searched",
    "Of {columns} columns the {searched} whose bins differ most were searched.",
    columns=int, searched=int,
)  # fmt: skip
