"""How much of each answer each feature makes: Shapley values, exact where the model can be read.

What a model's family computes exactly (`FittedModel.attribution`): LightGBM's own TreeSHAP, and linear
models, behind scalers or an imputer too. All others, scikit-learn's trees among them: sampled orders of the
features, each forward and backward (Štrumbelj and Kononenko 2014; Mitchell and others 2022), against rows of
a background.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from comporta.checks.explanation.codes import (
    BY_ORDERS,
    BY_TREE_SHAP,
    BY_WEIGHTS,
    LOG_ODDS,
    MARGIN,
    NUMBER,
    NUMBER_BEFORE_LINK,
    PROBABILITY,
)
from comporta.checks.shared.measuring.changes import asked_of
from comporta.records import Attribution, FittedModel, Message, ModelOutput

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

ROWS, SAMPLED, ORDERS, BACKGROUND = 1_000, 150, 6, 200

METHODS = {"tree_shap": BY_TREE_SHAP, "weights": BY_WEIGHTS}
SCALES = {
    "log_odds": LOG_ODDS,
    "number_before_link": NUMBER_BEFORE_LINK,
    "margin": MARGIN,
    "number": NUMBER,
}


class ShapleyValues(NamedTuple):
    """values: (rows, features, outputs). base: (rows, outputs), what the answer would be without them all;
    answer: (rows, outputs), what they must add up to. apart: how far the model read is from the model asked,
    the largest difference of an answer. scale: log-odds, margin, probability or number. asks: rows
    the model was asked; background: rows it was compared with, 0 where the trees' own counts are. sampled:
    whether the values add up by how they are made, whatever they are worth."""

    values: Floats
    base: Floats
    answer: Floats
    apart: float
    method: Message
    scale: Message
    asks: int
    background: int
    sampled: bool = False

    @property
    def residual(self) -> float:
        """The largest distance of the sum from the answer, over the largest answer or 1."""
        off = np.abs(self.values.sum(axis=1) + self.base - self.answer)
        return float(off.max() / max(1.0, float(np.abs(self.answer).max())))

    @property
    def sizes(self) -> Floats:
        """(rows, features): how large, the mean over outputs."""
        return np.asarray(np.abs(self.values).mean(axis=2))


def attribute(asked: FittedModel, rows: pl.DataFrame, background: pl.DataFrame, seed: int) -> ShapleyValues:
    """Shapley values of up to 1,000 rows, of 150 where they are sampled. Raises what the model raises."""
    some = rows.head(ROWS)
    exact = None
    if all(field.values or field.kind != "text" for field in asked.signature.features):
        exact = asked.attribution(some, background)
    if exact is None:
        return _attribute_by_sampling(asked, rows.head(SAMPLED), background, seed)
    return ShapleyValues(
        values=exact.values,
        base=exact.base,
        answer=exact.answer,
        apart=_apart(asked(some), exact),
        method=METHODS[exact.method](),
        scale=SCALES[exact.scale](),
        asks=exact.rows_computed,
        background=background.height if exact.method == "weights" else 0,
    )


def _apart(said: ModelOutput, exact: Attribution) -> float:
    """How far what was read is from what the model answers: of scores the largest difference, of decisions
    the share."""
    if exact.scores is not None:
        scores = said.scores[:, -1:] if exact.scores.shape[1] == 1 else said.scores
        return float(np.abs(exact.scores - scores).max())
    return 0.0 if exact.decisions is None else float((exact.decisions != said.decisions).mean())


def _attribute_by_sampling(
    asked: FittedModel, rows: pl.DataFrame, background: pl.DataFrame, seed: int
) -> ShapleyValues:
    draw = np.random.default_rng(seed)
    names = [field.name for field in asked.signature.features]
    n, p = rows.height, len(names)
    rows, background = rows[list(names)], background[list(names)]
    total: Floats | None = None
    base: Floats | None = None
    asks = 0
    for _ in range(ORDERS):
        order = draw.permutation(p)
        # Forward and backward against the same rows: what the order adds to one it takes from the other.
        beside = background[draw.integers(0, background.height, n)]
        for way in (order, order[::-1]):
            frames, frame = [beside], beside
            for place in way:
                frame = frame.with_columns(rows[names[place]])
                frames.append(frame)
            said = np.stack([_outputs(each.scores) for each in asked_of(asked, frames)])
            asks += n * (p + 1)
            if total is None or base is None:
                total, base = np.zeros((n, p, said.shape[2])), np.zeros((n, said.shape[2]))
            total[:, way] += np.diff(said, axis=0).transpose(1, 0, 2)
            base += said[0]
    assert total is not None and base is not None, "there is at least one order"
    times = 2 * ORDERS
    return ShapleyValues(
        values=total / times,
        base=base / times,
        answer=_outputs(asked(rows).scores),
        apart=0.0,
        method=BY_ORDERS(orders=times),
        scale=PROBABILITY() if asked.signature.classes else NUMBER(),
        asks=asks + n,
        background=background.height,
        sampled=True,
    )


def _outputs(scores: Floats) -> Floats:
    """Of two classes the second alone: the first says the same."""
    return scores[:, 1:] if scores.shape[1] == 2 else scores
