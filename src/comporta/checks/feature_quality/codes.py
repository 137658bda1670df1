"""What measuring says here: codes, each with its English sentence."""

from __future__ import annotations

from comporta.records.message import Text, code

EMPTY_IN_TRAINING = code("evidence.empty_in_training", "empty in training")
ONE_VALUE_IN_TRAINING = code("evidence.one_value_in_training", "one value in training")
NEARLY_CONSTANT = code("evidence.nearly_constant", "{share:.2%} of training rows have one value", share=float)
INFINITE_VALUES = code("evidence.infinite_values", "{values:,} infinite values", values=int)
EMPTY_IN_TEST = code("evidence.empty_in_test", "empty in the test, though not in training")
ONE_VALUE_IN_TEST = code("evidence.one_value_in_test", "one value in the test, more in training")
BY_CHANCE_PERHAPS = code(
    "evidence.by_chance_perhaps", "{what}; so few groups, or so short a time, may be so by chance", what=Text
)
