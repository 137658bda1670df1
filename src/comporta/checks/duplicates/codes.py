"""What measuring says here: codes, each with its English sentence."""

from __future__ import annotations

from comporta.records.message import code

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
