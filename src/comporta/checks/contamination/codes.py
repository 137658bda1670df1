"""What measuring says here: codes, each with its English sentence."""

from __future__ import annotations

from comporta.records.message import Text, code

NO_SUBJECT = code("evidence.no_subject", "the dataset declares no subject")
NO_VALUE_IN_TEST = code("evidence.no_value_in_test", "no test row has a {column}", column=str)
SEEN_IN_TRAINING = code(
    "evidence.seen_in_training", "{what}: {share:.2%} of test rows", what=Text, share=float
)
SEEN_BEYOND_OWN = code(
    "evidence.seen_beyond_own",
    "{what}: {share:.2%} of test rows, {own:.2%} of training rows have one in training: what is "
    "beyond counts",
    what=Text, share=float, own=float,
)  # fmt: skip
SEEN_BEYOND_CHANCE = code(
    "evidence.seen_beyond_chance",
    "{what}: {share:.2%} of test rows have one in training, {expected:.2%} by chance: what is beyond counts",
    what=Text, share=float, expected=float,
)  # fmt: skip
