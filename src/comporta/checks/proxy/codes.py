"""What measuring says here: codes, each with its English sentence."""

from __future__ import annotations

from comporta.records.message import code

TOO_FEW_OF_EACH_VALUE = code(
    "evidence.too_few_of_each_value",
    "too few rows of each value of {column} to be told apart",
    column=str,
)
