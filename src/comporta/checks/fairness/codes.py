"""What measuring says here: codes, each with its English sentence."""

from __future__ import annotations

from comporta.records.message import code

NO_RATE = code("evidence.no_rate", "the model gives numbers, so that no one is selected or refused")
NO_PROBABILITY = code("evidence.no_probability", "the model gives no probability")
FEWER_THAN_TWO_GROUPS = code(
    "evidence.fewer_than_two_groups",
    "fewer than two groups of {columns} can be compared",
    columns=tuple,
)
GROUPS_TOO_SMALL = code("evidence.groups_too_small", "Groups too small to be judged: {groups:,}.", groups=int)
