"""Whether a class follows from a feature being missing, or being there: filled in once that was known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl

from comporta.stats.binomial import clopper_pearson
from comporta.stats.bootstrap import Interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEWEST = 50
"""Rows, or groups, that must lack the feature, and that must have it."""


class ToldByAbsence(NamedTuple):
    """What is told of the rows that lack a feature (missing), or of those that have it. share: of them, of
    the class that most of them are of; overall: of that class among all. interval: by how much of the others
    there are fewer than among all, 0 to 1."""

    feature: str
    missing: bool
    rows: int
    share: float
    overall: float
    interval: Interval


def told_by_absence(
    features: pl.DataFrame, truth: NDArray[Any], units: NDArray[np.int64] | None, level: float
) -> Iterator[ToldByAbsence]:
    """Of each feature that at least 50 rows lack and 50 have, both sides. truth: (n,), what came true; of
    numbers the most common one is a class, and all others are another. units: counted in place of rows."""
    for column in features.iter_columns():
        lacks = is_missing(column)
        if not min(lacks.sum(), (~lacks).sum()) >= FEWEST:
            continue
        for missing, side in ((True, lacks), (False, ~lacks)):
            values, counts = np.unique(truth[side], return_counts=True)
            most = values[counts.argmax()]
            others = truth != most
            count, seen = _count(side, others & side, units)
            overall = float(others.mean())
            if count < FEWEST or not overall > 0:
                continue
            low, high = clopper_pearson(seen, count - seen, (1 - level) / 2)
            value = 1 - float(others[side].mean()) / overall
            yield ToldByAbsence(
                column.name,
                missing,
                int(side.sum()),
                1 - float(others[side].mean()),
                1 - overall,
                Interval(
                    value=value,
                    low=min(1 - high / overall, value),
                    high=max(1 - low / overall, value),
                    units=count,
                ),
            )


def is_missing(column: pl.Series) -> NDArray[np.bool_]:
    """Which rows have no value, (n,)."""
    plain = column.fill_nan(None) if column.dtype.is_float() else column
    return np.asarray(plain.is_null().to_numpy())


def _count(
    side: NDArray[np.bool_], others: NDArray[np.bool_], units: NDArray[np.int64] | None
) -> tuple[int, int]:
    """Rows of the side, and of another class among them; of units those that have any."""
    if units is None:
        return int(side.sum()), int(others.sum())
    return len(np.unique(units[side])), len(np.unique(units[others]))
