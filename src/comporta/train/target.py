"""What is predicted: its task, its classes, and the form in which a training function gets it."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from comporta.errors import BadData, BadProject
from comporta.records.columns import KEPT, WEIGHT
from comporta.records.metric import ModelTask

CLASSES = 20


def task_of(y: pl.Series, declared: str | None = None) -> ModelTask:
    """Told by the target where it is not declared: words and booleans are classes, so are whole numbers
    of at most twenty kinds and any numbers of two; the rest is regression.

    Raises BadData on a target with one value, BadProject where the declared task cannot be.
    """
    kinds = y.n_unique()
    if kinds < 2:
        raise BadData(f"target: found {kinds} kind of value in the training rows, expected at least 2.")
    number = y.dtype.is_numeric()
    if declared == "regression" and not number:
        raise BadProject(f"target: found {y.dtype}, expected numbers for task='regression'.")
    if declared == "binary" and kinds > 2:
        raise BadProject(f"target: found {kinds} kinds of value, expected 2 for task='binary'.")
    if declared in ("binary", "multiclass", "regression"):
        return declared  # type: ignore[return-value]
    if declared is not None:
        raise BadProject(f"task: found {declared!r}, expected 'binary', 'multiclass' or 'regression'.")
    if number and kinds > 2 and (y.dtype.is_float() or y.dtype == pl.Decimal or kinds > CLASSES):
        return "regression"
    if not number and y.dtype not in (pl.Boolean, pl.String, pl.Categorical, pl.Enum):
        raise BadProject(f"target: found {y.dtype}, expected numbers, booleans or strings.")
    return "binary" if kinds == 2 else "multiclass"


def values_of(y: pl.Series, task: ModelTask) -> Any:
    """The target as numpy, 1-D: floats for regression, else booleans, integers or fixed-width strings."""
    if task == "regression":
        return y.cast(pl.Float64).to_numpy()
    if y.dtype == pl.Boolean or y.dtype.is_integer():
        return y.to_numpy()
    if y.dtype.is_numeric():
        return y.cast(pl.Float64).to_numpy()
    return np.array(y.cast(pl.String).to_list(), dtype=np.str_)


def row_weights(weights: pl.Series) -> pl.Series:
    """How much each row counts, as doubles under the name of the hidden column. Raises BadData on what is no
    finite number of 0 or more, or where no row counts."""
    name, kind = weights.name.removeprefix(KEPT), weights.dtype
    if not kind.is_numeric():
        raise BadData(f"weight {name!r}: found {kind}, expected numbers.")
    numbers = weights.cast(pl.Float64).fill_null(float("nan"))
    bad = ~(numbers.is_finite() & (numbers >= 0))
    if bad.any():
        raise BadData(
            f"weight {name!r}: found {bad.sum():,} of {len(bad):,} rows without a finite number of 0 or "
            "more, expected one for each. Correct the source, or leave such rows out."
        )
    if not numbers.sum() > 0:
        raise BadData(f"weight {name!r}: found only zeros, expected a row that counts.")
    return numbers.alias(WEIGHT)


def label_of(y: pl.Series) -> str:
    """polars' name of the target's type, as a signature holds it."""
    return "String" if y.dtype in (pl.Categorical, pl.Enum) else str(y.dtype)
