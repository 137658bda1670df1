"""What a change of rows changed: decisions, numbers, and what a metric lost by it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from comporta.records import FittedModel, ModelOutput, Signature
from comporta.records.metric import metric
from comporta.stats.classes import places
from comporta.stats.metrics import ScoredRows, statistic

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MOST = 100_000


def usual_metric(takes: Signature) -> str:
    """What a loss is told in where nothing else was asked: `roc_auc`, `accuracy` of labels alone, `r2`."""
    if takes.task == "regression":
        return "r2"
    return "accuracy" if takes.output == "label" else "roc_auc"


def changes_of(before: ModelOutput, after: ModelOutput, takes: Signature) -> Floats:
    """By row: 1 where the decision is another, else 0; for numbers the change over the standard deviation
    of what was said before."""
    if takes.task == "regression":
        scale = max(float(np.std(before.decisions)), 1e-300)
        return np.asarray(np.abs(after.decisions - before.decisions) / scale, dtype=np.float64)
    return np.asarray(np.asarray(after.decisions) != np.asarray(before.decisions), dtype=np.float64)


def seen_of(
    said: ModelOutput, truth: pl.Series, takes: Signature, weight: Floats | None = None
) -> ScoredRows:
    """What was said beside what came true. weight: how much each row counts."""
    if takes.task == "regression":
        number = np.asarray(said.decisions)
        return ScoredRows(classes=0, truth=truth.cast(pl.Float64).to_numpy(), number=number, weight=weight)
    return ScoredRows(
        classes=len(takes.classes),
        truth=places(truth, takes.classes),
        label=np.asarray(said.decisions).astype(np.int64),
        probability=said.scores,
        weight=weight,
    )


def worth(
    name: str, said: ModelOutput, truth: pl.Series, takes: Signature, weights: Floats | None = None
) -> float:
    """The metric, turned so that more is better."""
    value = statistic(name, seen_of(said, truth, takes))(np.ones(len(truth)) if weights is None else weights)
    return value if metric(name).higher else -value


def has_answer(said: ModelOutput) -> NDArray[np.bool_]:
    """Which rows have finite numbers for an answer."""
    fine = np.isfinite(said.scores).all(axis=1)
    if np.asarray(said.decisions).dtype.kind == "f":
        fine = fine & np.isfinite(said.decisions)
    return np.asarray(fine)


def asked_of(asked: FittedModel, frames: list[pl.DataFrame]) -> list[ModelOutput]:
    """What is said of each frame, at most 100,000 rows in one call. Raises what the model raises."""
    found: list[ModelOutput] = []
    held: list[pl.DataFrame] = []
    for place, frame in enumerate(frames):
        held.append(frame)
        last = place + 1 == len(frames)
        if last or sum(each.height for each in held) + frames[place + 1].height > MOST:
            said, at = asked(pl.concat(held)), 0
            for each in held:
                upto = at + each.height
                found.append(ModelOutput(said.scores[at:upto], said.decisions[at:upto]))
                at = upto
            held = []
    return found
