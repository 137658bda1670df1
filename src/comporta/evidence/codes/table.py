"""What is said of the table that a model learns from and is tested on."""

from __future__ import annotations

from comporta.records.message import code

# contamination
NO_SUBJECT = code("evidence.no_subject", "the dataset declares no subject")
NO_VALUE_IN_TEST = code("evidence.no_value_in_test", "no test row has a {column}", column=str)
SEEN_IN_TRAINING = code(
    "evidence.seen_in_training", "{what}: {share:.2%} of test rows", what=str, share=float
)
SEEN_BEYOND_OWN = code(
    "evidence.seen_beyond_own",
    "{what}: {share:.2%} of test rows, {own:.2%} of training rows have one in training: what is "
    "beyond counts",
    what=str, share=float, own=float,
)  # fmt: skip

# duplicates
REPEATED_BY_CHANCE = code(
    "evidence.repeated_by_chance",
    "its rows have so few distinct values that they repeat by chance: {equal:.1%} are equal to an earlier "
    "one, {opposed:.1%} to one with another target",
    equal=float, opposed=float,
)  # fmt: skip
NEAR_BY_CHANCE = code(
    "evidence.near_by_chance",
    "{share:.1%} of rows lie near an earlier one; so near that rows do by chance",
    share=float,
)

# expectations
NO_VERSION_TO_READ = code(
    "evidence.no_version_to_read", "no version of {datasets} is there to be read", datasets=tuple
)
NO_EXPECTATION = code("evidence.no_expectation", "no dataset that the features read declares an expectation")

# feature_quality
EMPTY_IN_TRAINING = code("evidence.empty_in_training", "empty in training")
ONE_VALUE_IN_TRAINING = code("evidence.one_value_in_training", "one value in training")
NEARLY_CONSTANT = code("evidence.nearly_constant", "{share:.2%} of training rows have one value", share=float)
INFINITE_VALUES = code("evidence.infinite_values", "{values:,} infinite values", values=int)
EMPTY_IN_TEST = code("evidence.empty_in_test", "empty in the test, though not in training")
ONE_VALUE_IN_TEST = code("evidence.one_value_in_test", "one value in the test, more in training")

# identifiers
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

# label_errors
TOO_FEW_LABELS = code(
    "evidence.too_few_labels", "{rows:,} labels, at least {least} expected", rows=int, least=int
)
NEEDS_PROBABILITIES = code(
    "evidence.needs_probabilities",
    "the model gives no probabilities, which confident learning needs",
)
WRONG_BY_JOINT = code(
    "evidence.wrong_by_joint",
    "By the joint of given and true labels {share:.2%} are wrong; {listed:,} are listed.",
    share=float, listed=int,
)  # fmt: skip

# single_feature
NO_KNOWN_CLASS = code("evidence.no_known_class", "no test row has a class that the model knows")
TOO_FEW_NUMBERS = code(
    "evidence.too_few_numbers",
    "{found} different numbers in one part, at least {least} expected",
    found=int, least=int,
)  # fmt: skip
TOO_FEW_OF_OTHER_CLASSES = code(
    "evidence.too_few_of_other_classes",
    "{found} rows of a class other than the most common in one part, at least {least} expected",
    found=int, least=int,
)  # fmt: skip
NO_FEATURE_DEFINED = code("evidence.no_feature_defined", "no feature tells anything that is defined")
MEASURED_BY_R2 = code(
    "evidence.measured_by_r2", "Measured by R²; of the model as a whole it is {whole:.4g}.", whole=float
)
MEASURED_BY_AUC = code(
    "evidence.measured_by_auc",
    "Measured by the area under the ROC curve; of the model as a whole it is {whole:.4g}.",
    whole=float,
)
MEASURED_BY_AUC_ALONE = code(
    "evidence.measured_by_auc_alone",
    "Measured by the area under the ROC curve; of the model as a whole it is not defined.",
)

# time_travel
NOTHING_JOINED = code(
    "evidence.nothing_joined",
    "no feature is joined: all are declared known when the model is asked",
)
ROWS_WITHOUT_TIME = code(
    "evidence.rows_without_time",
    "the rows that ask have no time to hold the joined ones against; give their dataset a `time`",
)
JOINED_WITHOUT_TIME = code(
    "evidence.joined_without_time", "{join}: joined rows without a time of arrival", join=str
)
