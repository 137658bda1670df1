"""What is said less what comes, on average: of all rows, and of each slice."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import polars as pl
from msgspec.structs import replace
from scipy import special

from comporta.checks.calibration.codes import TOO_FEW_ROWS
from comporta.checks.calibration.figures import BIAS
from comporta.records import FEWEST_ROWS, Figure, Unmeasured
from comporta.stats.bootstrap import Interval
from comporta.stats.many import together
from comporta.stats.means import mean_of, ratio_of
from comporta.stats.predictions import weights_of
from comporta.stats.subjects import too_few
from comporta.stats.units import slices_of, units_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

RESIDUAL, VARIANCE = "__residual", "__variance"


def biases(
    rows: pl.DataFrame,
    residual: Floats,
    variance: Floats,
    group: str | None,
    by: Sequence[str],
    scale: float = 1.0,
) -> tuple[list[Figure], list[Unmeasured]]:
    """The mean of the residuals (n,) overall and in each slice; all intervals hold together: half of what may
    miss is of the whole's, the other of the slices'.

    variance: of each residual (n,), were nothing wrong. An interval is no narrower than that alone makes it:
    30 rows of which one in eight should have come and none did vary by nothing among themselves. scale: how
    many times as large the unit may be in which residuals are measured, and so the intervals.
    """
    rows = rows.with_columns(pl.Series(RESIDUAL, residual), pl.Series(VARIANCE, variance))
    parts, lost = [], []
    for where, part in slices_of(rows, by):
        few = (
            TOO_FEW_ROWS(rows=part.height, least=FEWEST_ROWS) if part.height < FEWEST_ROWS else too_few(part)
        )
        if where and few is not None:
            lost.append(Unmeasured(metric=BIAS.metric, where=where, rows=part.height, why=few, small=True))
        else:
            parts.append((where, part))
    figures = []
    for where, part in parts:
        level = together(2 * (len(parts) - 1) if where else min(len(parts), 2))
        found = _at_scale(_bias(part, group, level), scale)
        figures.append(found.figure(BIAS.metric, part.height, where=where, level=level))
    return figures, lost


def _bias(part: pl.DataFrame, group: str | None, level: float) -> Interval:
    residual, variance = part[RESIDUAL].to_numpy(), part[VARIANCE].to_numpy()
    weight, units = weights_of(part), units_of(part, group)
    if weight is None:
        error = math.sqrt(float(variance.sum())) / part.height
        return _no_narrower(mean_of(residual, units, level), error, level)
    error = math.sqrt(float(weight**2 @ variance)) / float(weight.sum())
    return _no_narrower(ratio_of(residual * weight, weight, units, level), error, level)


def _at_scale(found: Interval, times: float) -> Interval:
    """The interval, whose ends reach so many times as far."""
    if found.low is None or found.high is None:
        return found
    low, high = (found.value + times * (end - found.value) for end in (found.low, found.high))
    return replace(found, low=low, high=high)


def _no_narrower(found: Interval, error: float, level: float) -> Interval:
    """The interval, as wide at least as this standard error makes it."""
    if found.low is None or found.high is None:
        return found
    half = float(special.ndtri((1 + level) / 2)) * error
    return replace(found, low=min(found.low, found.value - half), high=max(found.high, found.value + half))
