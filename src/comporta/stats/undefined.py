"""Why a metric has no value on these rows: which of its quotients lacks a divisor."""

from __future__ import annotations

import numpy as np
import polars as pl

from comporta.records import Message, Words
from comporta.stats.codes import (
    CLASS_NEVER_PREDICTED,
    CLASS_NOWHERE,
    NO_ROW_OF_CLASS,
    ONE_CLASS_ONLY,
    ONE_CLASS_PREDICTED,
    TARGET_ALIKE,
    TARGET_ZERO,
    UNDEFINED,
)
from comporta.stats.metrics import ScoredRows
from comporta.stats.predictions import classes_of, scored_rows

BOTH_CLASSES = ("roc_auc", "balanced_accuracy")
"""Of two classes these need a row of each; the others of their kind a row of the positive one."""


def why_undefined(metric: str, rows: pl.DataFrame) -> Message:
    """What is missing in predictions whose truth is known, for a metric that is not defined on them."""
    was = scored_rows(rows)
    if was.classes:
        return _of_classes(metric, was, classes_of(rows))
    if metric == "mape" and (zero := int((was.truth == 0).sum())):
        return TARGET_ZERO(rows=zero)
    return TARGET_ALIKE() if metric == "r2" else UNDEFINED()


def _of_classes(metric: str, was: ScoredRows, classes: tuple[str, ...]) -> Message:
    truth = np.asarray(was.truth, np.int64)
    came = np.bincount(truth[truth >= 0], minlength=was.classes)
    said = came if was.label is None else np.bincount(was.label, minlength=was.classes)
    if metric == "mcc":
        return ONE_CLASS_ONLY() if len(np.unique(truth)) < 2 else ONE_CLASS_PREDICTED()
    lacking, code = {
        "precision": (said == 0, CLASS_NEVER_PREDICTED),
        "f1": (came + said == 0, CLASS_NOWHERE),
    }.get(metric, (came == 0, NO_ROW_OF_CLASS))
    if was.classes == 2 and metric not in BOTH_CLASSES:
        lacking = lacking & (np.arange(2) == 1)
    if not lacking.any():
        return UNDEFINED()
    return code(label=Words(classes[int(lacking.argmax())]))
