"""How much of each answer each feature makes: Shapley values, exact where the model can be read.

LightGBM: its own TreeSHAP (Lundberg and others 2020), which stands on the counts kept in the trees. Linear
models, behind scalers or an imputer too: weight times the distance from the background's mean, exact. All
others, scikit-learn's trees among them: sampled orders of the features, each forward and backward (Štrumbelj
and Kononenko 2014; Mitchell and others 2022), against rows of a background.
"""

from __future__ import annotations

from collections.abc import Callable
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
from comporta.checks.shared.measuring.plain_models import (
    Core,
    Linear,
    core_of,
    iterations_of,
    lightgbm_of,
    linear_of,
)
from comporta.records import FittedModel, Message

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

ROWS, SAMPLED, ORDERS, BACKGROUND = 1_000, 150, 6, 200


class Attributed(NamedTuple):
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


def attributed(asked: FittedModel, rows: pl.DataFrame, background: pl.DataFrame, seed: int) -> Attributed:
    """Shapley values of up to 1,000 rows, of 150 where they are sampled. Raises what the model raises."""
    core = core_of(asked.estimator, len(asked.signature.features))
    some = rows.head(ROWS)
    if core is not None and all(field.values or field.type != "String" for field in asked.signature.features):
        booster = lightgbm_of(core)
        if booster is not None:
            return _lightgbm(asked, core, booster, some)
        linear = linear_of(core)
        if linear is not None:
            return _linear(asked, core, linear, some, background)
    return _sampled(asked, rows.head(SAMPLED), background, seed)


def _lightgbm(asked: FittedModel, core: Core, booster: object, rows: pl.DataFrame) -> Attributed:
    X = core.within(asked.numbers(rows))
    upto = iterations_of(core)
    predict: Callable[..., object] = booster.predict  # type: ignore[attr-defined]
    n, p = X.shape
    told = np.asarray(predict(X, pred_contrib=True, num_iteration=upto), dtype=np.float64)
    told = told.reshape(n, -1, p + 1).transpose(0, 2, 1)
    raw = np.asarray(predict(X, raw_score=True, num_iteration=upto), dtype=np.float64).reshape(n, -1)
    said = np.asarray(predict(X, num_iteration=upto), dtype=np.float64).reshape(n, -1)
    scores = asked(rows).scores
    scores = scores[:, -1:] if said.shape[1] == 1 else scores
    classes = bool(asked.signature.classes)
    return Attributed(
        values=told[:, :p],
        base=told[:, p],
        answer=raw,
        apart=float(np.abs(said - scores).max()) if asked.signature.output != "label" else 0.0,
        method=BY_TREE_SHAP(),
        scale=LOG_ODDS() if classes else NUMBER_BEFORE_LINK(),
        asks=4 * n,
        background=0,
    )


def _linear(
    asked: FittedModel, core: Core, linear: Linear, rows: pl.DataFrame, background: pl.DataFrame
) -> Attributed:
    X, mean = (core.within(asked.numbers(each)) for each in (rows, background))
    middle = mean.mean(axis=0)
    values = (X - middle)[:, :, None] * linear.weights.T[None]
    base = np.broadcast_to(middle @ linear.weights.T + linear.constants, (len(X), len(linear.weights)))
    margin = X @ linear.weights.T + linear.constants
    said = asked(rows)
    if asked.signature.task == "regression":
        apart = float(np.abs(margin[:, 0] - said.decisions).max())
    else:
        mine = (margin[:, 0] > 0).astype(int) if margin.shape[1] == 1 else margin.argmax(axis=1)
        apart = float((mine != said.decisions).mean())
    return Attributed(
        values=values,
        base=base,
        answer=margin,
        apart=apart,
        method=BY_WEIGHTS(),
        scale=MARGIN() if asked.signature.classes else NUMBER(),
        asks=len(X),
        background=background.height,
    )


def _sampled(asked: FittedModel, rows: pl.DataFrame, background: pl.DataFrame, seed: int) -> Attributed:
    draw = np.random.default_rng(seed)
    names = [field.name for field in asked.signature.features]
    n, p = rows.height, len(names)
    rows, background = rows.select(names), background.select(names)
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
    return Attributed(
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
