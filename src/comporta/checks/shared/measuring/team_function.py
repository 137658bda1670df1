"""What a team's own function is handed: rows under the names the team knows, and answers as it knows them."""

from __future__ import annotations

import numpy as np
import polars as pl

from comporta.records import FittedModel, ModelOutput, Signature
from comporta.records.columns import AT, KEPT, KEY, ROW, SUBJECT, TARGET
from comporta.records.named_column import by_names, exact_column
from comporta.stats.classes import labels_from
from comporta.stats.table import feature_names


def known_columns(rows: pl.DataFrame) -> pl.DataFrame:
    """The features, the columns kept beside them under their own names, `__key`, `__at`, `__subject` where
    there are, and `__row`: 0 to n - 1. Never the target."""
    features = feature_names(rows)
    kept = {each: each.removeprefix(KEPT) for each in rows.columns if each.startswith(KEPT)}
    beside = [each for each in rows.columns if each in (KEY, AT, SUBJECT)]
    there = set(features)
    return rows.select(
        *by_names(features),
        *(exact_column(name).alias(plain) for name, plain in kept.items() if plain not in there),
        *beside,
        pl.int_range(rows.height).alias(ROW),
    )


def as_said(said: ModelOutput, takes: Signature) -> pl.DataFrame:
    """Answers as a frame: `prediction`; or `label`, and `probability` of the second of two classes or
    `probability NAME` of each of more, as far as the model's output has them."""
    if takes.task == "regression":
        return pl.DataFrame({"prediction": np.asarray(said.decisions, dtype=np.float64)})
    labels = labels_from(takes.classes, takes.label)[np.asarray(said.decisions).astype(np.int64)]
    found = pl.DataFrame({"label": labels.tolist()})
    if takes.output == "label":
        return found
    if takes.task == "binary":
        return found.with_columns(pl.Series("probability", said.scores[:, 1]))
    return found.with_columns(
        pl.Series(f"probability {name}", said.scores[:, place]) for place, name in enumerate(takes.classes)
    )


def predict_rows(asked: FittedModel, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows in, answers out, in their order."""
    return as_said(asked(rows), asked.signature)


def truth(rows: pl.DataFrame) -> pl.Series:
    """What came true, under its plain name."""
    return rows[TARGET].alias("truth")
