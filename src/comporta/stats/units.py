"""What is resampled whole, and what is measured apart: units and slices of a frame."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from comporta.records import Cell, Condition, Conditions, Range
from comporta.records.columns import AT
from comporta.records.named_column import by_names
from comporta.stats.table import column, feature_names
from comporta.stats.twins import codes, likeness

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

FEWEST_DAYS = 2.5
"""How many days rows must be worth, in equal ones, for days to be resampled whole."""
FEWEST_DIFFERENT = 30
"""Rows of fewer kinds are a table of few values, such as the traits of three shops, and no copies."""
MOST_SLICES = 50
_SLICE = "__slice"


def units_of(rows: pl.DataFrame, group: str | None) -> NDArray[np.int64] | None:
    """What is resampled whole: the declared group, else days where there are three or more, else rows (None).
    `clusters_of` knows rows that are alike, and rows that hang together in two ways."""
    return days_of(rows) if group is None else groups_of(rows, group)


def groups_of(rows: pl.DataFrame, group: str) -> NDArray[np.int64]:
    """Each row's group, from 0. A row whose group is missing stands alone."""
    named = column(rows, group).cast(pl.String)
    alone = pl.Series(range(rows.height), dtype=pl.Int64).cast(pl.String)
    units = pl.select(pl.coalesce("g" + named, "r" + alone)).to_series()
    return units.rank("dense").cast(pl.Int64).to_numpy() - 1


def dates_of(rows: pl.DataFrame) -> NDArray[np.int64] | None:
    """Each row's day, in order, from 0; None where rows have no time."""
    if AT not in rows.columns or not rows[AT].dtype.is_temporal() or rows[AT].null_count():
        return None
    return rows[AT].cast(pl.Date).rank("dense").cast(pl.Int64).to_numpy() - 1


def days_of(rows: pl.DataFrame) -> NDArray[np.int64] | None:
    """The same where rows are spread over three days or more: a day that has nearly all of them, or two, tell
    next to nothing of how days differ."""
    days = dates_of(rows)
    return days if days is not None and rows.height and effective(days) >= FEWEST_DAYS else None


def copies_of(rows: pl.DataFrame) -> NDArray[np.int64] | None:
    """Which of the rows that differ in a feature each is, from 0; None where hardly any are alike, or so many
    that it comes by chance (see `likeness`)."""
    features = rows.select(by_names(feature_names(rows)))
    if features.width < 2 or not likeness(features).is_copy:
        return None
    _, place = np.unique(codes(features), return_inverse=True)
    return place if place.max() + 1 >= FEWEST_DIFFERENT else None


def effective(units: NDArray[np.int64]) -> float:
    """The number of equal units that tell as much as these: (sum n)^2 / sum n^2 (Kish 1965; of clusters in a
    t statistic Carter, Schnepel and Steigerwald 2017)."""
    sizes = np.bincount(units).astype(np.float64)
    return float(sizes.sum() ** 2 / (sizes @ sizes))


def free_of_sizes(sizes: NDArray[np.int64]) -> float:
    """The degrees of freedom of the jackknife's variance of a mean over clusters of these sizes, at least 1:
    of equal ones their number less one.

    Satterthwaite's, by the quadratic form that the variance is (Bell and McCaffrey 2002, "Bias reduction in
    standard errors for linear regression with multi-stage samples"; Imbens and Kolesar 2016, "Robust standard
    errors in small samples", section 4), for means of clusters that vary alike whatever their size, and for
    such that vary as means of independent rows do: the fewer of the two.
    """
    some = sizes[sizes > 0].astype(np.float64)
    share = some / some.sum()
    if len(share) < 3:
        return 1.0
    # A cluster left out pulls by d (mean of all - its own): the form is (w 1' - I) D^2 (1 w' - I).
    pull = np.square(share / (1 - share))
    total = float(pull.sum())
    return max(min(_satterthwaite(share, pull, total, v) for v in (np.ones(len(share)), 1 / share)), 1.0)


def _satterthwaite(share: Floats, pull: Floats, total: float, v: Floats) -> float:
    """tr(AV)^2 / tr(AVAV) of the form above and independent means of the variances v."""
    a, b, c = float(v @ share**2), float(v @ (share * pull)), float(v @ pull**2)
    mean = total * a - 2 * b + float(v @ pull)
    square = (total * a) ** 2 + 2 * (a * c + b**2) - 4 * total * a * b
    square += 2 * float(v**2 @ (pull * (total * share**2 - 2 * share * pull))) + float(v**2 @ pull**2)
    return mean**2 / square


def few_clusters_factor(clusters: int) -> float:
    """How much longer Student's interval of so many clusters must be to hold where they are not normal: of
    two that are even it holds 92.2 %, and needs pi / 2 times as much. Of three or more it does."""
    return math.pi / 2 if clusters == 2 else 1.0


def renumber(units: NDArray[np.int64] | None, kept: NDArray[np.bool_]) -> NDArray[np.int64] | None:
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
