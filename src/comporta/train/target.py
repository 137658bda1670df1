"""What is predicted: its task, its classes, and the form in which a training function gets it."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from comporta.errors import BadData, BadProject
from comporta.records.metric import Task

CLASSES = 20


def task_of(y: pl.Series, declared: str | None = None) -> Task:
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


def values_of(y: pl.Series, task: Task) -> Any:
    """The target as numpy, 1-D: floats for regression, else booleans, integers or fixed-width strings."""
    if task == "regression":
        return y.cast(pl.Float64).to_numpy()
    if y.dtype == pl.Boolean or y.dtype.is_integer():
        return y.to_numpy()
    if y.dtype.is_numeric():
        return y.cast(pl.Float64).to_numpy()
    return np.array(y.cast(pl.String).to_list(), dtype=np.str_)


def label_of(y: pl.Series) -> str:
    """polars' name of the target's type, as a signature holds it."""
    return "String" if y.dtype in (pl.Categorical, pl.Enum) else str(y.dtype)


def class_text(value: Any) -> str:
    """A label as a signature names it: `true`, `3`, `late`."""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)


def labels_from(classes: tuple[str, ...], label: str) -> Any:
    """The labels themselves, from their text and the target's type: numpy, 1-D."""
    if label == "Boolean":
        return np.array([each == "true" for each in classes])
    if label.startswith(("Int", "UInt")):
        return np.array([int(each) for each in classes])
    if label.startswith(("Float", "Decimal")):
        return np.array([float(each) for each in classes])
    return np.array(classes, dtype=np.str_)


def places(y: pl.Series, classes: tuple[str, ...]) -> Any:
    """Each row's place among the classes, int64; -1 for a class the model never saw."""
    place = {name: index for index, name in enumerate(classes)}
    kinds = y.unique()
    table = pl.DataFrame(
        {"y": kinds, "place": [place.get(class_text(value), -1) for value in kinds.to_list()]},
        schema={"y": y.dtype, "place": pl.Int64},
    )
    return (
        pl.DataFrame({"y": y})
        .join(table, on="y", how="left", nulls_equal=True, maintain_order="left")["place"]
        .to_numpy()
    )
