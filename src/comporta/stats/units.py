"""What is resampled whole, and what is measured apart: units and slices of a frame."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from comporta.records import Cell, Condition, Conditions, Range
from comporta.records.columns import AT
from comporta.stats.table import column

if TYPE_CHECKING:
    from numpy.typing import NDArray

FEWEST_DAYS = 8
MOST_SLICES = 50
_SLICE = "__slice"


def units_of(rows: pl.DataFrame, group: str | None) -> NDArray[np.int64] | None:
    """What is resampled whole: the declared group, else days where there are at least eight, else rows
    (None). A row whose group is missing stands alone."""
    if group is not None:
        named = column(rows, group).cast(pl.String)
        alone = pl.Series(range(rows.height), dtype=pl.Int64).cast(pl.String)
        units = pl.select(pl.coalesce("g" + named, "r" + alone)).to_series()
        return units.rank("dense").cast(pl.Int64).to_numpy() - 1
    if AT in rows.columns and rows[AT].dtype.is_temporal() and rows[AT].null_count() == 0:
        days = rows[AT].cast(pl.Date)
        if days.n_unique() >= FEWEST_DAYS:
            return days.rank("dense").cast(pl.Int64).to_numpy() - 1
    return None


def renumbered(units: NDArray[np.int64] | None, kept: NDArray[np.bool_]) -> NDArray[np.int64] | None:
    """The units of some of the rows, numbered anew from 0 without gaps."""
    if units is None:
        return None
    some = units[kept]
    there = np.bincount(some) > 0
    return np.asarray((np.cumsum(there) - 1)[some])


class Coarse(NamedTuple):
    """A column of few values. labels: (n,) texts, null where there is no value. values: what each label
    stands for."""

    labels: pl.Series
    values: dict[str, Cell | Range]

    def condition(self, column: str, label: str | None) -> Condition:
        """The slice of rows with this label."""
        return Condition(column, None if label is None else self.values[label])


def slices_of(rows: pl.DataFrame, by: Sequence[str]) -> Iterator[tuple[Conditions, pl.DataFrame]]:
    """All rows, and then each value of each column; the numbers of a column of many by quarters."""
    yield (), rows
    for name in by:
        groups = coarse(column(rows, name))
        values = groups.labels
        framed = rows.with_columns(values.alias(_SLICE))
        counts = values.alias("value").value_counts(sort=True).head(MOST_SLICES)["value"].to_list()
        for value in sorted(counts, key=lambda each: (each is None, str(each))):
            yield (
                (groups.condition(name, value),),
                framed.filter(pl.col(_SLICE).eq_missing(pl.lit(value))).drop(_SLICE),
            )


def rarer_of(rows: pl.DataFrame, by: str) -> tuple[int, int]:
    """How many values of the column are no slice, as more common ones are; and the rows of the largest."""
    counts = coarse(column(rows, by)).labels.alias("value").value_counts(sort=True)["count"][MOST_SLICES:]
    return len(counts), int(counts[0]) if len(counts) else 0


def coarse(values: pl.Series) -> Coarse:
    """The column as few values: as they are, or, of more than twelve numbers, by quarters."""
    if not values.dtype.is_numeric() or values.n_unique() <= 12:
        if values.dtype == pl.Boolean:
            labels = values.replace_strict(
                {True: "true", False: "false"}, default=None, return_dtype=pl.String
            )
            return Coarse(labels, {"true": True, "false": False})
        labels = values.cast(pl.String)
        plain: Callable[[str], Cell] = (
            int if values.dtype.is_integer() else float if values.dtype.is_float() else str
        )
        return Coarse(labels, {each: plain(each) for each in labels.drop_nulls().unique()})
    numbers = values.cast(pl.Float64)
    cuts = sorted({float(f"{numbers.quantile(q):.6g}") for q in (0.25, 0.5, 0.75)})
    ranges: dict[str, Cell | Range] = {f"up to {cuts[0]:g}": Range(high=cuts[0])}
    ranges |= {f"{low:g} to {high:g}": Range(low=low, high=high) for low, high in pairwise(cuts)}
    ranges[f"above {cuts[-1]:g}"] = Range(low=cuts[-1])
    places = numbers.fill_nan(None).to_numpy()
    held = pl.Series([*ranges]).gather(np.searchsorted(cuts, np.nan_to_num(places)).astype(np.uint32))
    labels = pl.select(pl.when(numbers.fill_nan(None).is_not_null()).then(held)).to_series()
    return Coarse(labels, ranges)
