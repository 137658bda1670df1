"""What measuring says here: codes, each with its English sentence."""

from __future__ import annotations

from comporta.records.message import Text, code

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
    "the library's own TreeSHAP, exact for the trees, against the rows they were grown on",
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
