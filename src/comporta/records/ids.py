"""What stored things are called, each declared here once.

A name that was released is never changed, dropped or given to another thing; a new thing gets a new name.

Facts and projections are named where they are declared (`Fact.kind`, `Projection`), codecs too (`Codec.name`
in `train/families/`), steps in `opened/steps.py`.
"""

from __future__ import annotations

KINDS = {
    "frame": "a table, as Parquet",
    "json": "a record, or plain JSON",
    "model": "a fitted model: one line that names its codec, then the codec's bytes",
    "onnx": "a model as a graph for the ONNX runtime",
    "text": "what a step printed",
}
"""`Artifact.kind` → what its bytes are."""

PARTS = {
    "version": "the slice of a dataset that a snapshot made, or found unchanged",
    "table": "rows with features, target and what stands beside them",
    "schema": "the columns of a request, and those that the model reads",
    "train": "the rows that the model learns from",
    "test": "the rows that it is judged on",
    "counts": "how many rows each part of the split has",
    "model": "the fitted model",
    "signature": "what the model takes and gives",
    "onnx": "the model as a graph that serves",
    "parity": "how far each form of the model agrees with the fitted one",
    "trial": "rows with their answers, for a server to try itself on",
    "predictions": "what the model answers for a table's rows",
    "scores": "each metric with its interval",
    "findings": "what one measuring found",
    "reference": "what later versions are compared with",
    "background": "the rows that attributions are measured against",
    "bundle": "how a request becomes features",
    "code": "the project's source",
    "lock": "the Python and the distributions that it was made with",
}
"""The output of a step, or the part of a version → what it holds."""
