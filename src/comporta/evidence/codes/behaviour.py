"""What is said of how a model answers rows that were changed, and of why it answers as it does."""

from __future__ import annotations

from comporta.records.message import Text, Words, code

# acceptance
ARGUMENTS_UNREADABLE = code("evidence.arguments_unreadable", "its arguments cannot be read")
ARGUMENTS_UNKNOWN = code(
    "evidence.arguments_unknown",
    "it asks for {found}, expected some of {expected}",
    found=tuple, expected=tuple,
)  # fmt: skip
FUNCTION_RAISED = code("evidence.function_raised", "it raised {error} at {place}", error=str, place=str)
GAVE_NO_FINITE_NUMBER = code("evidence.gave_no_finite_number", "it gave a number that is not finite")
GAVE_NO_FINITE_FIGURE = code("evidence.gave_no_finite_figure", "it gave a figure that is not finite")
GAVE_NOTHING = code("evidence.gave_nothing", "it gave nothing, expected true or false, a number or a Figure")
GAVE_ANOTHER_TYPE = code(
    "evidence.gave_another_type",
    "it gave a {type}, expected true or false, a number or a Figure",
    type=str,
)

# conduct
NO_ROW_UNDER_RULE = code(
    "evidence.no_row_under_rule", "no test row lies under the rule, and none could be made that does"
)
NO_ROW_MADE = code(
    "evidence.no_row_made", "No row could be made that lies under the rule: it reads no feature by name."
)

# evasion
NOTHING_REFUSED = code("evidence.nothing_refused", "a regression refuses nothing")
NO_SUCH_FEATURE = code("evidence.no_such_feature", "it has no feature {feature!r}", feature=str)
NO_ROW_DECIDED = code("evidence.no_row_decided", "no test row is decided {label!r}", label=Words)
ROWS_ASKED = code("evidence.rows_asked", "The model was asked {rows:,} rows.", rows=int)
LOWER_BOUND = code("evidence.lower_bound", "The share is a lower bound.")

# explanation
FEWER_THAN_TWO_ROWS = code("evidence.fewer_than_two_rows", "fewer than two test rows")
SHAPLEY_NOT_FINITE = code("evidence.shapley_not_finite", "a Shapley value is no finite number")
SHAPLEY_SAMPLED = code(
    "evidence.shapley_sampled",
    "the Shapley values are sampled, since the model cannot be read: they add up by how they are made, so "
    "additivity shows nothing of them",
)
EXPLAINED = code(
    "evidence.explained",
    "{method}; in {scale}; {rows:,} rows explained, {asked:,} asked.",
    method=Text, scale=Text, rows=int, asked=int,
)  # fmt: skip
BY_TREE_SHAP = code(
    "evidence.by_tree_shap",
    "LightGBM's TreeSHAP, exact for the trees, against the rows they were grown on",
)
BY_WEIGHTS = code(
    "evidence.by_weights",
    "weights times distance from the background's mean, exact for linear models",
)
BY_ORDERS = code(
    "evidence.by_orders",
    "sampled: {orders} orders of the features for each row, not exact",
    orders=int,
)
LOG_ODDS = code("evidence.log_odds", "log-odds")
NUMBER_BEFORE_LINK = code("evidence.number_before_link", "the number before its link")
MARGIN = code("evidence.margin", "margin")
PROBABILITY = code("evidence.probability", "probability")
NUMBER = code("evidence.number", "the number's unit")
BACKGROUND_ROWS = code(
    "evidence.background_rows",
    "The background is {rows:,} rows, digest {digest}.",
    rows=int, digest=str,
)  # fmt: skip
BACKGROUND_COUNTS = code(
    "evidence.background_counts",
    "The background is the counts kept in the trees, digest {digest}.",
    digest=str,
)

# importance
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

# noise
NO_FEATURES = code("evidence.no_features", "the model has no features")
NOISE_ASKED = code(
    "evidence.noise_asked",
    "The model was asked {rows:,} rows; each feature alone on {alone:,}.",
    rows=int, alone=int,
)  # fmt: skip
FREE_TEXT = code("evidence.free_text", "{feature} is free text and stays as it is.", feature=str)
MODEL_RAISED = code("evidence.model_raised", "the model raised")

# scenario
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
