"""Columns as few bins each, in words a person understands: quantiles of numbers, frequent words, missing."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from comporta.records import Cell, Range, Rarer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Codes = NDArray[np.int32]
    Floats = NDArray[np.float64]

KINDS = 10
PARTS = 5

Bin = Cell | Range | Rarer
"""None: no value is there."""


def below(cuts: Floats, numbers: Floats, *, equal: bool = False) -> Codes:
    """How many of the cuts are less than each number, (n,); equal: or as large. What `searchsorted` finds,
    several times sooner where cuts are few and numbers in no order; below NaN there is none."""
    found = np.zeros(len(numbers), dtype=np.uint16)
    for cut in cuts:
        found += numbers >= cut if equal else numbers > cut
    return found.astype(np.int32)


def bin_values(values: pl.Series, *, kinds: int = KINDS, parts: int = PARTS) -> tuple[Codes, tuple[Bin, ...]]:
    """Each row's bin (n,), and what each bin is: a range, a value, the rarer ones together, or None.

    Numbers of at most `kinds` kinds are their own bins, others are cut into `parts` of equal size; of more
    words than `kinds` the rarer ones are one bin.
    """
    if values.dtype.is_numeric() and not isinstance(values.dtype, pl.Decimal):
        numbers = values.cast(pl.Float64).fill_nan(None)
        if numbers.n_unique() > kinds + 1:
            return _bin_by_quantiles(numbers, parts)
        return _bin_by_value(pl.select(pl.when(numbers.is_not_null()).then(numbers)).to_series(), kinds)
    if values.dtype == pl.Boolean:
        codes, bins = _bin_by_value(values.cast(pl.Int8), kinds)
        return codes, tuple(bool(each) if isinstance(each, int) else each for each in bins)
    return _bin_by_value(values.cast(pl.String), kinds)


def _bin_by_quantiles(numbers: pl.Series, parts: int) -> tuple[Codes, tuple[Bin, ...]]:
    held = numbers.drop_nulls().to_numpy()
    cuts = np.unique(np.quantile(held, np.arange(1, parts) / parts, method="inverted_cdf"))
    # A cut at the top would leave nothing above it; where most rows are there, the rest is one bin.
    top = held.max()
    cuts = cuts[cuts < top]
    if not len(cuts):
        cuts = held[held < top].max(keepdims=True)
    codes = below(cuts, numbers.fill_null(0.0).to_numpy())
    ends = [float(cut) for cut in cuts]
    bins: list[Bin] = [Range(high=ends[0])]
    bins += [Range(low=low, high=high) for low, high in pairwise(ends)]
    bins.append(Range(low=ends[-1]))
    lost = numbers.is_null().to_numpy()
    if lost.any():
        codes[lost] = len(bins)
        bins.append(None)
    return codes, tuple(bins)


def _bin_by_value(values: pl.Series, most: int) -> tuple[Codes, tuple[Bin, ...]]:
    values = values.alias("value")  # a column may be called `count`
    counts = values.drop_nulls().value_counts().sort(by=["count", "value"], descending=[True, False])
    kinds = counts["value"].to_list()
    shown = kinds if len(kinds) <= most else kinds[: most - 1]
    bins: list[Bin] = [*shown]
    rest = len(bins)
    if len(kinds) > len(shown):
        bins.append(Rarer())
    lost = len(bins)
    table = {kind: place for place, kind in enumerate(shown)}
    codes = (
        values.replace_strict(list(table), list(table.values()), default=rest, return_dtype=pl.Int32)
        if table
        else pl.Series(values.name, np.zeros(len(values)), dtype=pl.Int32)
    )
    if values.null_count():
        bins.append(None)
        codes = pl.select(pl.when(values.is_null()).then(pl.lit(lost, pl.Int32)).otherwise(codes)).to_series()
    return codes.to_numpy().astype(np.int32), tuple(bins)
