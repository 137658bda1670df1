"""Rows pushed a little, or far: noise in the measure of each feature's own spread, and extremes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from comporta.checks.shared.measuring.codes import (
    ABOVE_RANGE,
    ANOTHER_VALUE,
    BELOW_RANGE,
    MISSING_VALUE,
    PERCENTILE_1,
    PERCENTILE_99,
)
from comporta.records import Code, Field
from comporta.stats.spread import robust_scale

if TYPE_CHECKING:
    from numpy.typing import NDArray

Kind = Literal["number", "integer", "boolean", "words", "text"]
_INTS = {f"{sign}Int{bits}": (sign, bits) for sign in ("", "U") for bits in (8, 16, 32, 64)}


def kind_of(field: Field) -> Kind:
    """How a feature can be pushed. Free text cannot."""
    if field.kind == "text":
        return "words" if len(field.values) else "text"
    if field.kind == "boolean":
        return "boolean"
    return "integer" if field.type in _INTS else "number"


def values_of(series: pl.Series) -> NDArray[np.float64]:
    """Numbers, missing as NaN."""
    return series.cast(pl.Float64).fill_null(float("nan")).to_numpy()


def jitter(series: pl.Series, field: Field, level: float, draw: np.random.Generator) -> pl.Series:
    """Numbers plus normal noise of `level` spreads; whole ones stay whole, rounded up or down by chance so
    that the noise is not lost. A word or a boolean becomes another one that was seen, with the chance
    `level`. What is missing stays so."""
    kind = kind_of(field)
    if kind in ("number", "integer"):
        values = values_of(series)
        moved = values + draw.normal(size=len(values)) * (level * robust_scale(values))
        if kind == "integer":
            moved = np.floor(moved + draw.random(len(values)))
            # Of rows that did not move, doubles would lose the digits beyond 2^53.
            return _whole(series, np.where(moved == values, np.nan, moved), field)
        return pl.Series(series.name, moved, nan_to_null=True).cast(series.dtype, strict=False)
    chosen = draw.random(len(series)) < level
    return _where(chosen, another(series, field, draw), series)


def another(series: pl.Series, field: Field, draw: np.random.Generator) -> pl.Series:
    """Each boolean turned, each word another of the list with equal chance; the same where there is none."""
    kind = kind_of(field)
    if kind == "boolean":
        return (~series.cast(pl.Boolean)).cast(series.dtype).alias(series.name)
    if kind != "words" or len(field.values) < 2:
        return series
    words = pl.Series(list(field.values), dtype=pl.String)
    text = series.cast(pl.String)
    place = text.replace_strict(words, list(range(len(words))), default=None, return_dtype=pl.Int64)
    step = pl.Series(draw.integers(1, len(words), len(series)))
    moved = words.gather(((place + step) % len(words)).cast(pl.UInt32))
    return moved.cast(series.dtype, strict=False).alias(series.name)


def extremes(series: pl.Series, field: Field, draw: np.random.Generator) -> dict[Code, pl.Series]:
    """The column as it would be at its ends: the 1st and 99th percentile, its whole range below its least
    and above its greatest, another word, and missing where the model may be asked without it."""
    kind, n = kind_of(field), len(series)
    found: dict[Code, pl.Series] = {}
    if kind in ("number", "integer"):
        known = values_of(series)
        known = known[np.isfinite(known)]
        if len(known):
            low, high, first, last = (float(end) for end in np.quantile(known, (0, 1, 0.01, 0.99)))
            far = high - low or 1.0
            ends = {PERCENTILE_1: first, PERCENTILE_99: last, BELOW_RANGE: low - far, ABOVE_RANGE: high + far}
            for push, end in ends.items():
                whole = np.full(n, np.round(end) if kind == "integer" else end)
                found[push] = _whole(series, whole, field) if kind == "integer" else pl.Series(whole)
    elif kind != "text":
        found[ANOTHER_VALUE] = another(series, field, draw)
    if field.nullable:
        found[MISSING_VALUE] = pl.Series([None] * n, dtype=series.dtype)
    return {push: each.cast(series.dtype, strict=False).alias(series.name) for push, each in found.items()}


def _whole(series: pl.Series, moved: NDArray[np.float64], field: Field) -> pl.Series:
    """The numbers as the feature's integers, within what they hold; NaN: as it was."""
    sign, bits = _INTS[field.type]
    low, high = (0.0, 2.0**bits - 1) if sign else (-(2.0 ** (bits - 1)), 2.0 ** (bits - 1) - 1)
    # The largest double below 2^63 and 2^64: the end itself is not one.
    high = high if bits < 64 else float(np.nextafter(high, 0))
    new = pl.Series(np.clip(moved, low, high), nan_to_null=True).cast(series.dtype, strict=False)
    return new.zip_with(new.is_not_null(), series).alias(series.name)


def _where(chosen: NDArray[np.bool_], new: pl.Series, old: pl.Series) -> pl.Series:
    return new.zip_with(pl.Series(chosen), old).alias(old.name)
