"""What measuring says here: codes, each with its English sentence."""

from __future__ import annotations

from comporta.records.message import code

ANOTHER_KIND = code(
    "evidence.another_kind",
    "found {found}, expected {expected} as in the reference",
    found=str, expected=str,
)  # fmt: skip
NO_ROWS_ON_ONE_SIDE = code("evidence.no_rows_on_one_side", "no rows on one side")
DISCOVERIES = code(
    "evidence.discoveries",
    "{found} of {comparisons} comparisons are discoveries at a false-discovery rate of 5 % (Benjamini and "
    "Hochberg); intervals at {level:.4f} (false coverage rate).",
    found=int, comparisons=int, level=float,
)  # fmt: skip
WEIGHTED_BY_IMPORTANCE = code(
    "evidence.weighted_by_importance", "Weighted by the shares of importance, the mean of before and now."
)
WEIGHTED_BY_ONE = code(
    "evidence.weighted_by_one",
    "Weighted by the shares of importance of one of the two versions: of the other it was not measured.",
)
NO_LONGER_READ = code(
    "evidence.no_longer_read",
    "Read by earlier {earlier} and not by this version: {features:, }.",
    earlier=int, features=tuple,
)  # fmt: skip
UNWEIGHTED = code("evidence.unweighted", "Importance was not measured: every feature counts alike.")
