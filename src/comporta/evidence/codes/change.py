"""What is said of how far a version is from earlier ones."""

from __future__ import annotations

from comporta.records.message import code

# feature_drift
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
WEIGHTED_BY_IMPORTANCE = code("evidence.weighted_by_importance", "Weighted by the shares of importance.")
UNWEIGHTED = code("evidence.unweighted", "Importance was not measured: every feature counts alike.")

# importance_change
OWN_IMPORTANCE_MISSING = code(
    "evidence.own_importance_missing", "this version's importance could not be measured"
)
NO_LIKE_IMPORTANCES = code("evidence.no_like_importances", "it kept no importances measured alike")
IMPORTANCE_MOVED = code(
    "evidence.importance_moved",
    "Moved is half the sum of the changes of shares; its interval is as far as resampling both versions' "
    "rows moves shares at 95 %. A feature of one version alone has no share in the other.",
)

# prediction_drift
NO_ROW_TO_COMPARE = code("evidence.no_row_to_compare", "no row to compare on")
ANOTHER_TASK = code("evidence.another_task", "its task is {theirs}, this one's {ours}", theirs=str, ours=str)
OTHER_CLASSES = code("evidence.other_classes", "its classes are others")
DRIFT_IS = code(
    "evidence.drift_is",
    "Drift is the sum over cells of (p - q)^2 over the mean of p and q, less what chance gives; for small "
    "changes it is the population stability index.",
)
TOGETHER_AT = code(
    "evidence.together_at",
    "Intervals at {others:.4f}, those of rates at {rates:.4f}, so that all of either hold together at 0.95.",
    others=float, rates=float,
)  # fmt: skip
