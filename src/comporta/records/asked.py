"""A model that can be asked, for whoever may not know how models are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from comporta.records.structure import Attribution, ModelPart, Structure
from comporta.records.version import Signature

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray


class ModelOutput(NamedTuple):
    """What a model says of n rows, as numbers.

    scores: (n, classes) probabilities in the signature's order, 0 and 1 where the model gives labels only;
    (n, 1) numbers for regression. decisions: (n,) places among the classes, or the numbers.
    """

    scores: NDArray[np.float64]
    decisions: NDArray[Any]


class FittedModel(Protocol):
    """The estimator itself, opened: rows in, numbers out."""

    @property
    def signature(self) -> Signature:
        """What it takes and gives."""

    @property
    def estimator(self) -> Any:
        """As it was fitted."""

    def __call__(self, rows: pl.DataFrame) -> ModelOutput:
        """rows: a frame with the features, others beside them are not looked at. Raises BadData."""

    def numbers(self, rows: pl.DataFrame) -> NDArray[np.float64]:
        """The features as the estimator's numbers, (n, features): words as their place in the list,
        missing as NaN. Raises BadProject on free text."""

    def structure(self, output: int) -> Structure | None:
        """How one output is made, as far as it can be read; None where features do not reach the last part
        column by column. output: the class's place, or 0 of a regression."""

    def attribution(self, rows: pl.DataFrame, background: pl.DataFrame) -> Attribution | None:
        """Exact Shapley values of these rows against those of the background; None where the model's family
        has none. Raises BadProject on free text."""

    def parts(self) -> tuple[ModelPart, ...]:
        """The estimator and every one inside it, with what each holds."""
