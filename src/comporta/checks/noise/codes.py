"""What measuring says here: codes, each with its English sentence."""

from __future__ import annotations

from comporta.records.message import code

NO_FEATURES = code("evidence.no_features", "the model has no features")
NOISE_ASKED = code(
    "evidence.noise_asked",
    "The model was asked {rows:,} rows; each feature alone on {alone:,}.",
    rows=int, alone=int,
)  # fmt: skip
FREE_TEXT = code("evidence.free_text", "{feature} is free text and stays as it is.", feature=str)
MODEL_RAISED = code("evidence.model_raised", "the model raised")
