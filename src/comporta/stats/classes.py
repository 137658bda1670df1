"""The labels of a classification: as text, as values, and as places in the model's order."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from comporta.records.column_type import type_kind


def class_text(value: Any) -> str:
    """A label as a signature names it: `true`, `3`, `late`."""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)


def labels_from(classes: tuple[str, ...], label: str) -> Any:
    """The labels themselves, from their text and the target's type: numpy, 1-D."""
    kind = type_kind(label)
    if kind == "boolean":
        return np.array([each == "true" for each in classes])
    if kind == "whole":
        return np.array([int(each) for each in classes])
    if kind in ("real", "decimal"):
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
