"""What measuring says here: codes, each with its English sentence."""

from __future__ import annotations

from comporta.records.message import code

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
BY_CHANCE = code("evidence.rate_by_chance", "(chance alone gives up to {times:.3g})", times=float)
BEYOND_EDGES = code("evidence.beyond_edges", "more")
