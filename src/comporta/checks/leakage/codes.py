"""What measuring says here: codes, each with its English sentence."""

from __future__ import annotations

from comporta.records.message import code

NAMES = code("leakage.names", "{names:, }", names=tuple)
NAMES_AND_MORE = code("leakage.names_and_more", "{names:, } and {more} more", names=tuple, more=int)
WHERE_MISSING = code("leakage.where_missing", "missing")
WHERE_THERE = code("leakage.where_there", "not missing")
TOO_FEW_TO_TELL = code(
    "evidence.leakage_too_few",
    "{found} test rows of a class other than the most common, or different numbers, at least {least} "
    "expected",
    found=int, least=int,
)  # fmt: skip
REMOVED_IN_ORDER = code(
    "evidence.leakage_removed",
    "Boosted trees of ours were fitted on {rows:,} rows, {times} times, each time without the feature that "
    "mattered most to those before.",
    rows=int, times=int,
)  # fmt: skip
