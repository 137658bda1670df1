"""What is said of groups of people, and of what a model gives away of the rows that it learned from."""

from __future__ import annotations

from comporta.records.message import Text, code

# attribute_inference, proxy
FEWER_THAN_TWO_VALUES = code(
    "evidence.fewer_than_two_values",
    "fewer than two values of {column} have {least} rows each",
    column=str, least=int,
)  # fmt: skip
TOO_FEW_OF_EACH_VALUE = code(
    "evidence.too_few_of_each_value",
    "too few rows of each value of {column} to be told apart",
    column=str,
)
ATTACKER_KNOWS = code(
    "evidence.attacker_knows", "The attacker knows the outcome and {columns}.", columns=tuple
)
ATTACKER_KNOWS_OUTCOME = code(
    "evidence.attacker_knows_outcome", "The attacker knows the outcome and no feature."
)
VALUES_TOO_SMALL = code(
    "evidence.values_too_small", "Not judged, under {least} rows: {values}.", least=int, values=Text
)
VALUES_OF_FEW_SUBJECTS = code(
    "evidence.values_of_few_subjects",
    "Not judged, about fewer than {least} subjects: {values}.",
    least=int, values=Text,
)  # fmt: skip
VALUES_TOO_RARE = code(
    "evidence.values_too_rare",
    "Not judged, beyond the {most} most common: {values}.",
    most=int, values=Text,
)  # fmt: skip
VALUES_NOT_TOLD_APART = code(
    "evidence.values_not_told_apart",
    "Not judged, too few rows of it, or groups, to be told apart: {values}.",
    values=Text,
)

# bias
NO_RATE = code("evidence.no_rate", "the model gives numbers, so that no one is selected or refused")
NO_PROBABILITY = code("evidence.no_probability", "the model gives no probability")
FEWER_THAN_TWO_GROUPS = code(
    "evidence.fewer_than_two_groups",
    "fewer than two groups of {columns} can be compared",
    columns=tuple,
)
GROUPS_TOO_SMALL = code("evidence.groups_too_small", "Groups too small to be judged: {groups:,}.", groups=int)

# membership
TOO_FEW_MEMBERS = code(
    "evidence.too_few_members",
    "{members:,} members and {others:,} others, at least {least} of each expected",
    members=int, others=int, least=int,
)  # fmt: skip

# privacy_structure
UNKNOWN_BUILD = code("evidence.unknown_build", "how a {estimator} is built is not known here", estimator=str)
