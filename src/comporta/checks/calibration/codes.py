"""What measuring says here: codes, each with its English sentence."""

from __future__ import annotations

from comporta.records.message import code

LABELS_ONLY = code("evidence.labels_only", "the model gives labels and no probabilities")
IN_DEVIATIONS = code(
    "evidence.in_deviations",
    "Errors and biases are in standard deviations of the target ({spread:.4g}).",
    spread=float,
)
IN_SHARES = code(
    "evidence.in_shares", "Bias is the mean of what was predicted less what came true, in shares."
)
TOO_FEW_ROWS = code("evidence.too_few_rows", "{rows:,} rows, at least {least} expected", rows=int, least=int)
