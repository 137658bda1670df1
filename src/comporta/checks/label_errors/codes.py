"""What measuring says here: codes, each with its English sentence."""

from __future__ import annotations

from comporta.records.message import code

TOO_FEW_LABELS = code(
    "evidence.too_few_labels", "{rows:,} labels, at least {least} expected", rows=int, least=int
)
NEEDS_PROBABILITIES = code(
    "evidence.needs_probabilities",
    "the model gives no probabilities, which confident learning needs",
)
WRONG_BY_JOINT = code(
    "evidence.wrong_by_joint",
    "By the joint of given and true labels {share:.2%} are wrong; {listed:,} are listed.",
    share=float, listed=int,
)  # fmt: skip
