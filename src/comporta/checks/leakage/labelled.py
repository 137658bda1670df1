"""Rows whose outcome the model knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl

from comporta.records.columns import TARGET
from comporta.stats.classes import places

if TYPE_CHECKING:
    from numpy.typing import NDArray


class LabelledRows(NamedTuple):
    """rows: a frame. truth: what came true of each, (n,): its class's place, or a number (classes 0)."""

    rows: pl.DataFrame
    truth: NDArray[Any]
    classes: int

    @property
    def told_apart(self) -> int:
        """How many are not of the most common class; of numbers, not the most common one."""
        counts = np.unique(self.truth, return_counts=True)[1]
        return len(self.truth) - int(counts.max(initial=0))


def label_rows(rows: pl.DataFrame, classes: tuple[str, ...], task: str) -> LabelledRows:
    """Those of a class that the model knows. rows: each with a target."""
    if task == "regression":
        return LabelledRows(rows, rows[TARGET].cast(pl.Float64).to_numpy(), 0)
    truth = places(rows[TARGET], classes)
    there = truth >= 0
    return LabelledRows(rows.filter(pl.Series(there)), truth[there], len(classes))
