"""Tools lent to the steps that measure a model: to open a kept one, and to fit one more."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from comporta.records import Artifact, Attribution, ModelOutput, ModelPart, Signature, Structure
from comporta.records.columns import TARGET, WEIGHT
from comporta.store.context import StepContext
from comporta.train.call import OutputKind, call_fit, describe_model, reads_of
from comporta.train.decisions import is_swapped, negate, turn
from comporta.train.families import attribution, linear, trees
from comporta.train.families.parts import parts
from comporta.train.families.scikit_learn.pipeline import core_of
from comporta.train.frames import Reads, dress, learn_fields, matrix
from comporta.train.open_model import open_model
from comporta.train.predictor import ask_estimator
from comporta.train.target import task_of

if TYPE_CHECKING:
    from numpy.typing import NDArray


class OpenEstimator:
    """An estimator that answers numbers: what the protocol `FittedModel` promises."""

    def __init__(self, signature: Signature, estimator: Any, reads: Reads) -> None:
        self.signature = signature
        self.estimator = estimator
        self._reads = reads

    def __call__(self, rows: pl.DataFrame) -> ModelOutput:
        takes = self.signature
        if rows.is_empty():
            return ModelOutput(np.empty((0, max(1, len(takes.classes)))), np.empty(0))
        decisions, scores = ask_estimator(self.estimator, self._reads, dress(rows, takes.features), takes)
        assert decisions is not None, "an estimator always predicts"
        if takes.task == "regression":
            return ModelOutput(decisions.reshape(-1, 1), decisions)
        if scores is None:
            scores = (decisions[:, None] == np.arange(len(takes.classes))).astype(np.float64)
        return ModelOutput(scores, decisions)

    def numbers(self, rows: pl.DataFrame) -> NDArray[np.float64]:
        return matrix(dress(rows, self.signature.features))

    def structure(self, output: int) -> Structure | None:
        core = core_of(self.estimator, len(self.signature.features))
        if core is None:
            return None
        swap = is_swapped(self.estimator, self.signature)
        weights, members = linear(core.model), trees(core.model, 1 - output if swap else output)
        if swap and weights is not None and len(weights.weights) == 1:
            weights = weights._replace(weights=-weights.weights, constants=-weights.constants)
        if swap and members is None and (other := trees(core.model, output)) is not None:
            members = negate(other) if other.link == "sigmoid" else None
        return Structure(core.within, not core.steps, weights, members)

    def attribution(self, rows: pl.DataFrame, background: pl.DataFrame) -> Attribution | None:
        core = core_of(self.estimator, len(self.signature.features))
        if core is None:
            return None
        X, beside = (core.within(self.numbers(each)) for each in (rows, background))
        read = attribution(core.model, self.signature, X, beside)
        if read is None:
            return None
        return turn(read, self.signature, is_swapped(self.estimator, self.signature))

    def parts(self) -> tuple[ModelPart, ...]:
        return parts(self.estimator)


def open_estimator(context: StepContext, model: Artifact, signature: Artifact) -> OpenEstimator:
    """The kept model. Raises NotFound, Tampered."""
    estimator, reads = open_model(context, model)
    return OpenEstimator(context.get_json(signature, Signature), estimator, reads)


def refit_estimator(
    rows: pl.DataFrame,
    *,
    fit: Callable[..., Any],
    params: dict[str, Any],
    task: str | None,
    output: OutputKind,
    seed: int,
) -> OpenEstimator:
    """The training function on these rows, with a target; kept nowhere. Raises BadProject, BadData."""
    y = rows[TARGET]
    fields = learn_fields(rows)
    found = task_of(y, task)
    weight = rows[WEIGHT] if WEIGHT in rows.columns else None
    model = call_fit(fit, dress(rows, fields), y, found, params, seed, weight)
    name = getattr(fit, "__name__", "fit")
    return OpenEstimator(describe_model(model, name, fields, fields, y, found, output), model, reads_of(fit))
