"""A frame of predictions from what a model said: what the step `predict` writes, for models kept nowhere."""

from __future__ import annotations

import numpy as np
import polars as pl
from msgspec import UNSET

from comporta.records import ModelOutput, Signature
from comporta.records.columns import CHANCE, HIDDEN, LABEL, NUMBER
from comporta.stats.table import feature_names


def with_outputs(rows: pl.DataFrame, said: ModelOutput, signature: Signature) -> pl.DataFrame:
    """The rows' hidden columns and features, and beside them what was said of each: `__prediction`, or
    `__label` (an Enum of the signature's classes) and `__probability_0` … where the output has them."""
    hidden = [name for name in rows.columns if name.startswith(HIDDEN)]
    kept = rows[[*hidden, *feature_names(rows)]]
    if signature.task == "regression":
        return kept.with_columns(pl.Series(NUMBER, said.decisions, dtype=pl.Float64))
    words = pl.Series(list(signature.classes), dtype=pl.Enum(list(signature.classes)))
    added = [words.gather(np.asarray(said.decisions).astype(np.uint32)).alias(LABEL)]
    if signature.output != "label":
        added += [pl.Series(f"{CHANCE}{at}", said.scores[:, at]) for at in range(len(signature.classes))]
    return kept.with_columns(added)


def align(said: ModelOutput, spoke: Signature, takes: Signature) -> ModelOutput:
    """The same answers with the classes in the order of `takes`, called from its threshold on: a fit on fewer
    rows may have met fewer of them, or met them in another order. One it never met has the probability 0."""
    if spoke.task == "regression" or (spoke.classes == takes.classes and takes.threshold is UNSET):
        return said
    classes = takes.classes
    places = np.array([classes.index(each) for each in spoke.classes], dtype=np.int64)
    scores = np.zeros((len(said.scores), len(classes)))
    scores[:, places] = said.scores
    if takes.threshold is not UNSET:
        return ModelOutput(scores, (scores[:, 1] >= takes.threshold).astype(np.int64))
    return ModelOutput(scores, places[np.asarray(said.decisions).astype(np.int64)])
