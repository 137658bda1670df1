"""Rows at which a form of a model may well answer otherwise: at thresholds, a step beside them, and without a
value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from comporta.records import Signature

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

SEEN = 60
MOST = 30_000
LACKING = 4


class Probes(NamedTuple):
    """rows: dressed features, each with one of them set. thresholds: at how many of the model's."""

    rows: pl.DataFrame
    thresholds: int


def probes(rows: pl.DataFrame, signature: Signature, thresholds: Sequence[Floats] | None) -> Probes:
    """For each number among the features: rows of the sample with its value at each threshold, at up to 60
    seen values and between them, and at the doubles, 32-bit numbers or whole numbers on both sides of these.
    thresholds: of each feature, where they are known; those that 30,000 rows have room for, evenly spread."""
    made: list[pl.DataFrame] = []
    count = 0
    numbers = [at for at, each in enumerate(signature.features) if rows[each.name].dtype.is_numeric()]
    room = MOST // max(1, 7 * len(numbers))
    for at in numbers:
        series = rows[signature.features[at].name]
        cuts = np.empty(0) if thresholds is None else _spread_evenly(thresholds[at], room)
        values = beside(np.concatenate([cuts, _probe_values(series)]), series)
        if series.is_empty() or values.is_empty():
            continue
        count += len(cuts)
        draw = np.random.default_rng(at).integers(0, rows.height, len(values))
        made.append(rows[draw.tolist()].with_columns(values.alias(series.name)))
    return Probes(pl.concat(made) if made else rows.clear(), count)


def without_values(rows: pl.DataFrame, signature: Signature) -> list[pl.DataFrame]:
    """A few rows without each feature that may be missing, and without any: in training each row may have had
    them all."""
    names = [each.name for each in signature.features if each.nullable]
    some = rows.head(LACKING)
    if some.is_empty() or not names:
        return []
    return [
        some.with_columns(pl.lit(None, some[name].dtype).alias(name) for name in lacking)
        for lacking in ([each] for each in names[: MOST // LACKING])
    ] + [some.with_columns(pl.lit(None, some[name].dtype).alias(name) for name in names)]


def beside(values: Floats, series: pl.Series) -> pl.Series:
    """These values and the next ones on both sides, as the column holds them: whole numbers exactly, past
    2^53 too; doubles, and the 32-bit numbers around them."""
    if series.dtype.is_integer():
        known = series.drop_nulls().unique()
        exact = known.gather_every(max(1, len(known) // SEEN)).to_list()
        whole = {int(np.floor(each)) for each in values if np.isfinite(each)} | {*exact}
        near = {each + step for each in whole for step in (-1, 0, 1)}
        # LightGBM's threshold that parts what is missing from every number is 1e300: no column holds it.
        least, most = series.lower_bound().item(), series.upper_bound().item()
        return pl.Series(sorted(each for each in near if least <= each <= most), dtype=series.dtype)
    # CatBoost's border of a missing value is the least 32-bit number.
    with np.errstate(over="ignore"):
        single = values.astype(np.float32)
        around = [
            values,
            *(np.nextafter(values, end) for end in (-np.inf, np.inf)),
            single.astype(np.float64),
        ]
        around += [np.nextafter(single, np.float32(end)).astype(np.float64) for end in (-np.inf, np.inf)]
    every = np.unique(np.concatenate(around))
    return pl.Series(every[np.isfinite(every)]).cast(series.dtype)


def _probe_values(series: pl.Series) -> Floats:
    """Values of the column, and the middles of those that follow each other."""
    known = np.unique(series.cast(pl.Float64).drop_nulls().drop_nans().to_numpy())
    known = known[np.isfinite(known)]
    middle = known[:-1] + np.diff(known) / 2
    return np.concatenate([_spread_evenly(known, SEEN), _spread_evenly(middle, SEEN)])


def _spread_evenly(values: Floats, most: int) -> Floats:
    """At most so many of them, evenly spread."""
    if len(values) <= most:
        return values
    return values[np.unique(np.linspace(0, len(values) - 1, most).astype(np.int64))]
