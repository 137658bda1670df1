"""A table of features and the columns beside them: whose names begin with `__`, and no model sees them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from comporta.errors import BadProject
from comporta.records.columns import HIDDEN, KEPT

if TYPE_CHECKING:
    from numpy.typing import NDArray


def feature_names(frame: pl.DataFrame) -> list[str]:
    """The columns a model may see."""
    return [name for name in frame.columns if not name.startswith(HIDDEN)]


def column(frame: pl.DataFrame, name: str) -> pl.Series:
    """A feature, or a column kept beside the features. Raises BadProject, with the names there are."""
    for each in (name, f"{KEPT}{name}", f"{HIDDEN}{name}"):
        if each in frame.columns:
            return frame[each].alias(name)
    there = sorted({each.removeprefix(KEPT).removeprefix(HIDDEN) for each in frame.columns})
    raise BadProject(f"column {name!r}: not in the table; there are {', '.join(there)}.")


def without_empty(columns: NDArray[np.float64], learned: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, columns), 0 in a column of which no learned row has a value: scikit-learn's histograms fail on
    columns without any."""
    return np.where(np.isnan(learned).all(axis=0), 0.0, columns)
