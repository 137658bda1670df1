"""What measuring says here: codes, each with its English sentence."""

from __future__ import annotations

from comporta.records.message import Text, code

NO_SUCH_FEATURE_OF = code(
    "evidence.no_such_feature_of",
    "the model has no feature {feature!r}; it has {features}",
    feature=str, features=tuple,
)  # fmt: skip
FEATURE_OF_WORDS = code("evidence.feature_of_words", "{feature} has no order: it is categorical", feature=str)
NO_VALUE_OF_FEATURE = code("evidence.no_value_of_feature", "no test row has a value of it")
REGRESSION_HAS_NO_CLASSES = code("evidence.regression_has_no_classes", "a regression has no classes")
CLASS_NOT_SAID = code(
    "evidence.class_not_said",
    "there are {count} classes: name one with of=: {classes}",
    count=int, classes=tuple,
)  # fmt: skip
LABELS_HAVE_NO_RANGE = code("evidence.labels_have_no_range", "the model answers labels, which have no range")
UNKNOWN_KIND = code("evidence.unknown_kind", "the model is of a kind that cannot be read")
NOT_STRAIGHT = code("evidence.not_straight", "its answers are no straight function of its weights")
READ_DIFFERS = code("evidence.read_differs", "what was read answers otherwise than the model")
TREES_DIFFER = code("evidence.trees_differ", "what was read of its trees answers otherwise than the model")
TOO_MANY_NODES = code(
    "evidence.too_many_nodes",
    "{nodes:,} nodes are more than the {most:,} that are read",
    nodes=int, most=int,
)  # fmt: skip
TREES_MAY_MAKE_UP = code(
    "evidence.trees_may_make_up",
    "some tree goes the wrong way, others may make up for it",
)
BY_SEARCH = code("evidence.by_search", "By search, not by proof: {why}.", why=Text)
PROVED_BY_WEIGHT = code("evidence.proved_by_weight", "Proved by the weight's sign.")
REFUTED_BY_WEIGHT = code("evidence.refuted_by_weight", "Refuted by the weight's sign.")
PROVED_BY_LEAVES = code(
    "evidence.proved_by_leaves",
    "Proved for any input: no two neighbouring leaves of any tree go the wrong way.",
)
PROVED_AT_MOST = code(
    "evidence.proved_at_most",
    "Proved to be at most {most:.3g}: some tree goes the wrong way, others may make up for it.",
    most=float,
)
RANGE_BY_LEAVES = code(
    "evidence.range_by_leaves",
    "Proved by each tree's lowest and highest leaf, for any input.",
)
RANGE_BY_WEIGHTS = code(
    "evidence.range_by_weights",
    "Proved for every feature within its range in the test rows, not beyond.",
)
SEARCHED_FEATURE = code(
    "evidence.searched_feature",
    "Searched {rows:,} rows at {values:,} values of {feature}, {asked:,} rows asked.",
    rows=int, values=int, feature=str, asked=int,
)  # fmt: skip
WRONG_SOMEWHERE = code(
    "evidence.wrong_somewhere", "{share:.4g} of them go the wrong way somewhere.", share=float
)
SEARCHED = code("evidence.searched", "Searched {rows:,} rows, {asked:,} rows asked.", rows=int, asked=int)
ANSWER_NOT_FINITE = code("evidence.answer_not_finite", "an answer is no finite number")
